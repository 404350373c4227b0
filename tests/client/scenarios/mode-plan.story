story: an honest run in the client's plan mode
as in honest-simple
permissions: plan
answers: yes
expect 0 questions by lead
