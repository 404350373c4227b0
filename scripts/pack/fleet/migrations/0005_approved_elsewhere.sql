-- What other runs have approved is asked for at a run's end (fleet/approvals.py): the few records that tell it are found without reading the rest.

create index records_of_approvals on fleet.records (run, seq)
  where line like '%"event":"CONTENT\_SEALED"%' or line like '%"event":"TASK\_REOPENED"%' or line like '%"event":"RUN\_OPENED"%'
    or line like '%"event":"CONTENT\_DRIFTED"%';
