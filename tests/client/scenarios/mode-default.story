story: an honest run in the client's default mode
as in honest-simple
permissions: default
answers: yes
expect 0 questions by lead
