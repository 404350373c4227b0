"""`python -m pack.teams [--check]`: rewrite or compare the JSON twins of the definitions."""

import sys

from pack.teams.definition import main

sys.exit(main())
