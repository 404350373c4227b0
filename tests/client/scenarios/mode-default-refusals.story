story: forbidden deeds in the client's default mode: the gate refuses each, the user is asked for none of them, the run finishes
as in rules-working
permissions: default
answers: yes
calls: 200
expect 0 questions about Agent|SendMessage
