story: an honest run in the client's acceptEdits mode: the user is asked for the coder's tests and commits only
as in honest-simple
permissions: acceptEdits
answers: yes
expect 0 questions by lead
expect 3 questions about Bash by coder-1
expect 3 questions
