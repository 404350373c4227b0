"""From a hook payload to an answer; the only writer of a run."""
