story: an honest run in the client's acceptEdits mode
as in honest-simple
permissions: acceptEdits
answers: yes
expect 0 questions by lead
