story: an honest run in the client's default mode: the user is asked for the coder's writes, tests and commits, for nothing of the team's own
as in honest-simple
permissions: default
answers: yes
expect 0 questions by lead
expect 0 questions about Agent|SendMessage|ToolSearch|Read
expect 3 questions about Write by coder-1
expect 6 questions
