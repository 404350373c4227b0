-- As in 0001, with one look at each run that is in the way: [] when granted, else who is (twenty paths a run at most). Serializable, and the lineage's row is written first.
create or replace function fleet.acquire(p_run text, p_holder text, p_epoch bigint, p_wants jsonb)
returns jsonb language plpgsql security definer set search_path = fleet, pg_temp set enable_seqscan = off as $$
declare
  r     fleet.runs;
  bad   text;
  other record;
  gone  fleet.runs;
  t     timestamptz;
  inway jsonb := '[]';
begin
  if current_setting('transaction_isolation') <> 'serializable' then
    raise exception 'leases are asked for in a serializable transaction' using errcode = 'FL020';
  end if;
  r := fleet.mine(p_run, p_holder, p_epoch);
  if r.closed is not null then
    raise exception 'run % is closed', p_run using errcode = 'FL021';
  end if;
  insert into fleet.lineages (project, lineage) values (r.project, r.lineage) on conflict do nothing;
  update fleet.lineages l set turn = l.turn + 1 where l.project = r.project and l.lineage = r.lineage;
  if not found then
    raise exception 'the lineage was made meanwhile' using errcode = '40001';
  end if;
  select x.path into bad from jsonb_to_recordset(p_wants) as x(path text, task integer) where not fleet.clean(x.path) limit 1;
  if found then
    raise exception 'not a path inside a project: %', bad using errcode = 'FL022';
  end if;
  -- Who is in the way, a run at a time: locked once, then judged by the clock, however many of its paths are.
  for other in
    with w as materialized (
      select x.path, fleet.fold(x.path) as key from jsonb_to_recordset(p_wants) as x(path text, task integer)),
    found as (
      select w.path as wanted, l.*
        from w cross join lateral unnest(fleet.above(w.key)) as k(key)
          join fleet.leases l on l.project = r.project and l.lineage = r.lineage and l.key = k.key collate "C"
        where l.run <> p_run
      union all
      select w.path, l.*
        from w join fleet.leases l on l.project = r.project and l.lineage = r.lineage
          and l.key > w.key collate "C" and l.key < (rtrim(w.key, '/') || '0') collate "C"  -- what follows '/' in order
        where l.run <> p_run and right(w.key, 1) = '/')
    select f.run, count(*) as n, array_agg(distinct f.key) as keys, (array_agg(f.wanted order by f.wanted, f.key))[1:20] as wanted,
        (array_agg(f.path order by f.wanted, f.key))[1:20] as held, (array_agg(f.task order by f.wanted, f.key))[1:20] as tasks,
        (array_agg(f.since order by f.wanted, f.key))[1:20] as since
      from found f group by f.run order by f.run
  loop
    select * into gone from fleet.runs x where x.run = other.run for update;  -- locked, then judged by the clock
    if found and not fleet.living(gone) then
      with dropped as (
        delete from fleet.leases l where l.project = r.project and l.lineage = r.lineage and l.run = other.run and l.key = any (other.keys)
          returning l.key, l.fence)
      insert into fleet.lease_log (project, lineage, key, run, fence, what, by_run, at)
        select r.project, r.lineage, d.key, other.run, d.fence, 'expired', p_run, clock_timestamp() from dropped d;
      update fleet.runs x set turn = x.turn + 1 where x.run = other.run;
    else
      select * into gone from fleet.runs x where x.run = other.run;
      inway := inway || (select jsonb_agg(jsonb_build_object('path', g.wanted, 'held', g.held, 'squad', gone.squad, 'run', gone.run,
          'team', gone.team, 'task', g.task, 'machine', gone.machine, 'member', gone.member, 'since', g.since, 'until', gone.until))
        from unnest(other.wanted, other.held, other.tasks, other.since) as g(wanted, held, task, since));
    end if;
  end loop;
  if inway <> '[]' then
    return inway;  -- what had run out stays free
  end if;
  t := clock_timestamp();
  with w as materialized (
    select distinct on (key) key, x.path, x.task
      from jsonb_to_recordset(p_wants) as x(path text, task integer) cross join lateral (select fleet.fold(x.path) as key) as f),
  given as (
    insert into fleet.leases (project, lineage, key, path, run, task, fence, since)
      select r.project, r.lineage, w.key, w.path, p_run, w.task, nextval('fleet.fence'), t from w
        where not exists (select 1 from fleet.leases l where l.project = r.project and l.lineage = r.lineage and l.key = w.key collate "C")
      returning key, fence)
  insert into fleet.lease_log (project, lineage, key, run, fence, what, by_run, at)
    select r.project, r.lineage, g.key, p_run, g.fence, 'granted', p_run, t from given g;
  update fleet.runs x set turn = x.turn + 1, beat = t, until = greatest(x.until, t + x.ttl) where x.run = p_run;
  return inway;
end $$;
