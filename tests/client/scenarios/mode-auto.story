story: an honest run in the client's auto mode
as in honest-simple
permissions: auto
answers: yes
expect 0 questions by lead
