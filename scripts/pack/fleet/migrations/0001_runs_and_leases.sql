-- The fleet's first schema. Applied once, by `pack fleet init`, in one transaction; a change is a new file with the next number.
--
-- Who may what. Tables belong to fleet_owner. Readers and members only SELECT; a member writes through the functions below, which run as
-- fleet_owner and are bound by row security all the same (FORCE): whatever a function does, rows of a run change under its own member's
-- session alone, or once that run's time has run out. session_user is the login that connected, whatever a function runs as.
--
-- Time. Only the database's clock counts, and it is read after the row that it judges is locked (clock_timestamp() in a statement that
-- waits is computed before the wait). `until` of a run is when its leases may be taken by others; each sign of life moves it on.

create sequence fleet.fence;

create table fleet.projects (
  project text primary key check (project ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  roots   text[] not null check (cardinality(roots) > 0),  -- first commits of its history: a clone that has none of them is of something else
  made_by name not null default session_user,
  at      timestamptz not null default clock_timestamp()
);

create table fleet.runs (
  run      text primary key check (run ~ '^[0-9a-f]{32}$'),
  project  text not null references fleet.projects,
  team     text not null check (length(team) between 1 and 200),
  squad    text not null check (length(squad) between 1 and 100),
  member   name not null default session_user,
  machine  text not null check (length(machine) between 1 and 200),
  holder   text not null check (holder ~ '^[0-9a-f]{32}$'),  -- which copy of the run leads; another copy is fenced
  epoch    bigint not null,                                   -- fencing number of that copy
  lineage  text not null,
  branch   text not null default '',
  head     text not null default '',
  ttl      interval not null check (ttl between interval '1 second' and interval '1 day'),
  last_seq bigint not null default 0,
  sum      bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000',
  turn     bigint not null default 0,                         -- counts changes of its leases
  facts    jsonb not null default '{}',
  opened   timestamptz not null default clock_timestamp(),
  beat     timestamptz not null default clock_timestamp(),
  until    timestamptz not null default clock_timestamp(),
  closed   timestamptz
);
create index runs_of_project on fleet.runs (project, opened);

create table fleet.records (
  run  text not null references fleet.runs,
  seq  bigint not null check (seq > 0),
  line text not null,  -- the journal's own line, byte for byte
  at   timestamptz not null default clock_timestamp(),
  primary key (run, seq)
);

create table fleet.lineages (
  project text not null references fleet.projects,
  lineage text not null,
  turn    bigint not null default 0,  -- every grant moves it: of two that ask at once one waits, and asks again
  primary key (project, lineage)
);

create table fleet.leases (
  project text not null,
  lineage text not null,
  key     text collate "C" not null,  -- fleet.fold(path); a folder ends in /
  path    text not null,
  run     text not null references fleet.runs,
  task    integer,
  fence   bigint not null,
  since   timestamptz not null,
  primary key (project, lineage, key),
  foreign key (project, lineage) references fleet.lineages
);
create index leases_of_run on fleet.leases (run);

create table fleet.lease_log (
  id      bigint generated always as identity primary key,
  project text not null,
  lineage text not null,
  key     text not null,
  run     text not null,
  fence   bigint not null,
  what    text not null check (what in ('granted', 'expired', 'released', 'moved')),
  by_run  text not null,
  member  name not null default session_user,
  at      timestamptz not null
);
create index lease_log_of_run on fleet.lease_log (run, id);

create table fleet.writes (
  id     bigint generated always as identity primary key,
  run    text not null references fleet.runs,
  epoch  bigint not null,
  key    text not null,
  fence  bigint not null,
  at     timestamptz not null
);

create table fleet.bundles (
  run  text primary key references fleet.runs,
  head text not null,
  data bytea not null,
  at   timestamptz not null
);

-- One spelling for one file: composed, without case, as a case-blind disk sees it. upper() first: it spells out what lower() alone keeps apart.
create function fleet.fold(path text) returns text language sql immutable strict as $$
  select normalize(lower(upper(normalize(path, NFC) collate "und-x-icu") collate "und-x-icu"), NFC) collate "C"
$$;

-- A path, its folders above and itself in the other spelling (`a` and `a/`): every key that is in the way of it.
create function fleet.above(key text) returns text[] language plpgsql immutable strict as $$
declare
  found text[] := array[rtrim(key, '/'), rtrim(key, '/') || '/'];
  parts text[] := string_to_array(rtrim(key, '/'), '/');
begin
  for n in 1 .. cardinality(parts) - 1 loop
    found := found || (array_to_string(parts[1:n], '/') || '/');
  end loop;
  return found;
end $$;

create function fleet.clean(path text) returns boolean language sql immutable set search_path = pg_catalog as $$
  select path is not null and path <> '' and length(path) <= 1000 and path !~ '^/|//|\\|(^|/)\.\.?(/|$)|[\x01-\x1f]'
$$;

create function fleet.living(r fleet.runs) returns boolean language sql volatile set search_path = pg_catalog as $$
  select r.closed is null and r.until > clock_timestamp()
$$;

create function fleet.administers() returns boolean language sql stable set search_path = pg_catalog as $$
  select pg_has_role(session_user, 'fleet_owner', 'member')
$$;

-- The caller's run, locked, or the error that says why it is not the caller's any more.
create function fleet.mine(p_run text, p_holder text, p_epoch bigint) returns fleet.runs
language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs;
begin
  select * into r from fleet.runs where run = p_run;
  if not found then
    raise exception 'run % is not known here', p_run using errcode = 'FL001';
  elsif r.member <> session_user and not (r.holder <> p_holder) then
    raise exception 'run % is %''s, and this is %', p_run, r.member, session_user using errcode = 'FL002';
  end if;
  if r.holder = p_holder then
    select * into r from fleet.runs where run = p_run for update;  -- the clock is read by whoever called, after this
  end if;
  if r.holder is distinct from p_holder or r.epoch is distinct from p_epoch then
    select * into r from fleet.runs where run = p_run;
    raise exception 'run % is led by another copy, on % since %', p_run, r.machine, r.beat
      using errcode = 'FL003', detail = json_build_object('machine', r.machine, 'member', r.member, 'epoch', r.epoch, 'at', r.beat)::text;
  end if;
  return r;
end $$;

create function fleet.announce(p_run text, p_holder text, p_project text, p_team text, p_squad text, p_machine text, p_lineage text,
                               p_branch text, p_ttl interval)
returns table (epoch bigint, last_seq bigint, sum bytea, turn bigint)
language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs;
begin
  insert into fleet.runs (run, project, team, squad, machine, holder, epoch, lineage, branch, ttl, until)
    values (p_run, p_project, p_team, p_squad, p_machine, p_holder, nextval('fleet.fence'), p_lineage, p_branch, p_ttl,
            clock_timestamp() + p_ttl)
    on conflict do nothing;
  select * into r from fleet.runs where run = p_run;
  if r.holder <> p_holder then
    perform fleet.mine(p_run, p_holder, 0);
  elsif r.member <> session_user then
    raise exception 'run % is %''s, and this is %', p_run, r.member, session_user using errcode = 'FL002';
  elsif r.project <> p_project then
    raise exception 'run % belongs to project %', p_run, r.project using errcode = 'FL004';
  end if;
  return query select r.epoch, r.last_seq, r.sum, r.turn;
end $$;

-- Records in order, each once. The same again is no error (its answer was lost); a gap, another line under a known number, or a checksum
-- that is not that of these lines behind the last one is, and stores nothing.
create function fleet.ship(p_run text, p_holder text, p_epoch bigint, p_first bigint, p_lines text[], p_sum bytea)
returns bigint language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare
  r     fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
  total bytea := r.sum;
  known bigint;
  n     bigint;
  line  text;
begin
  if p_first > r.last_seq + 1 then
    raise exception 'records % to % are missing', r.last_seq + 1, p_first - 1 using errcode = 'FL010';
  end if;
  known := greatest(0, least(r.last_seq - p_first + 1, cardinality(p_lines)));
  if known > 0 and exists (
    select 1 from unnest(p_lines[1:known]) with ordinality as given(line, at)
      left join fleet.records x on x.run = p_run and x.seq = p_first + given.at - 1
      where x.line is distinct from given.line) then
    raise exception 'record % or one after it is another than the one that is stored', p_first using errcode = 'FL011';
  end if;
  n := p_first + known;
  foreach line in array p_lines[known + 1 :] loop
    if line !~ ('[{,]"seq":' || n || '[,}]') or position(E'\n' in line) > 0 then
      raise exception 'line % is not record %', n - p_first + 1, n using errcode = 'FL012';
    end if;
    total := sha256(total || convert_to(line, 'UTF8'));
    n := n + 1;
  end loop;
  if cardinality(p_lines) > known then
    if total <> p_sum then
      raise exception 'records % to % do not follow record % of the stored chain', p_first + known, n - 1, r.last_seq using errcode = 'FL011';
    end if;
    insert into fleet.records (run, seq, line)
      select p_run, p_first + known + given.at - 1, given.line from unnest(p_lines[known + 1 :]) with ordinality as given(line, at);
    update fleet.runs set last_seq = n - 1, sum = total where run = p_run;
  end if;
  return greatest(r.last_seq, n - 1);
end $$;

create function fleet.heartbeat(p_run text, p_holder text, p_epoch bigint, p_facts jsonb, p_branch text, p_head text)
returns table (until timestamptz, now timestamptz, turn bigint, last_seq bigint)
language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
        t timestamptz := clock_timestamp();
begin
  if r.closed is null then
    update fleet.runs x set beat = t, until = t + x.ttl, facts = p_facts, branch = p_branch, head = p_head where x.run = p_run
      returning x.* into r;
  end if;
  return query select r.until, t, r.turn, r.last_seq;
end $$;

create function fleet.held(p_run text) returns table (path text, task integer, fence bigint)
language sql stable set search_path = fleet, pg_temp as $$
  select l.path, l.task, l.fence from fleet.leases l where l.run = p_run order by l.key
$$;

-- Leases on all of these paths or on none: [] when granted, else who is in the way. Serializable, and the lineage's row is written first.
create function fleet.acquire(p_run text, p_holder text, p_epoch bigint, p_wants jsonb)
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
  for other in
    with w as materialized (
      select x.path, fleet.fold(x.path) as key from jsonb_to_recordset(p_wants) as x(path text, task integer))
    select w.path as wanted, l.key, l.path, l.run, l.task, l.fence, l.since
      from w cross join lateral unnest(fleet.above(w.key)) as k(key)
        join fleet.leases l on l.project = r.project and l.lineage = r.lineage and l.key = k.key collate "C"
      where l.run <> p_run
    union all
    select w.path, l.key, l.path, l.run, l.task, l.fence, l.since
      from w join fleet.leases l on l.project = r.project and l.lineage = r.lineage
        and l.key > w.key collate "C" and l.key < (rtrim(w.key, '/') || '0') collate "C"  -- what follows '/' in order
      where l.run <> p_run and right(w.key, 1) = '/'
  loop
    select * into gone from fleet.runs x where x.run = other.run for update;  -- locked, then judged by the clock
    if found and not fleet.living(gone) then
      delete from fleet.leases l where l.project = r.project and l.lineage = r.lineage and l.key = other.key and l.fence = other.fence;
      if found then  -- a path may stand in the way of two that are asked for
        insert into fleet.lease_log (project, lineage, key, run, fence, what, by_run, at)
          values (r.project, r.lineage, other.key, other.run, other.fence, 'expired', p_run, clock_timestamp());
        update fleet.runs x set turn = x.turn + 1 where x.run = other.run;
      end if;
    else
      select * into gone from fleet.runs x where x.run = other.run;
      inway := inway || jsonb_build_object('path', other.wanted, 'held', other.path, 'squad', gone.squad, 'run', gone.run, 'team', gone.team,
        'task', other.task, 'machine', gone.machine, 'member', gone.member, 'since', other.since, 'until', gone.until);
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

-- Give back the leases on these paths (all of them where null).
create function fleet.release(p_run text, p_holder text, p_epoch bigint, p_paths text[])
returns integer language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare
  r fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
  n integer;
begin
  with gone as (
    delete from fleet.leases l where l.run = p_run and (p_paths is null or l.key = any (select fleet.fold(x) from unnest(p_paths) x))
      returning l.*)
  insert into fleet.lease_log (project, lineage, key, run, fence, what, by_run, at)
    select g.project, g.lineage, g.key, g.run, g.fence, 'released', p_run, clock_timestamp() from gone g;
  get diagnostics n = row_count;
  update fleet.runs x set turn = x.turn + 1 where x.run = p_run and n > 0;
  return n;
end $$;

-- A commit of these paths, under leases that are still this run's: [] and it is noted, else what is lost and who has it now.
create function fleet.may_write(p_run text, p_holder text, p_epoch bigint, p_paths text[])
returns jsonb language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare
  r    fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
  t    timestamptz := clock_timestamp();
  lost jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object('path', p.path, 'by', (
      select jsonb_build_object('squad', o.squad, 'run', o.run, 'team', o.team, 'task', l.task, 'machine', o.machine, 'since', l.since)
        from fleet.leases l join fleet.runs o on o.run = l.run
        where l.project = r.project and l.lineage = r.lineage and l.key = any (fleet.above(fleet.fold(p.path))) limit 1))), '[]')
    into lost
    from unnest(p_paths) as p(path)
    where not exists (select 1 from fleet.leases l where l.project = r.project and l.lineage = r.lineage and l.run = p_run
                        and l.key = any (fleet.above(fleet.fold(p.path))));
  if lost = '[]' then
    insert into fleet.writes (run, epoch, key, fence, at)
      select p_run, p_epoch, fleet.fold(p.path), (select max(l.fence) from fleet.leases l where l.project = r.project
          and l.lineage = r.lineage and l.run = p_run and l.key = any (fleet.above(fleet.fold(p.path)))), t
        from unnest(p_paths) as p(path);
    update fleet.runs x set beat = t, until = t + x.ttl where x.run = p_run;
  end if;
  return lost;
end $$;

-- Another copy leads from now on: its epoch is higher, every lease has a new fencing number, the old copy is fenced.
create function fleet.take_over(p_run text, p_holder text, p_machine text, p_force boolean)
returns table (epoch bigint, last_seq bigint, sum bytea, team text, squad text, project text, lineage text, branch text, head text)
language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs;
        e bigint;
begin
  select * into r from fleet.runs x where x.run = p_run;
  if not found then
    raise exception 'run % is not known here', p_run using errcode = 'FL001';
  end if;
  select * into r from fleet.runs x where x.run = p_run for update;
  if not found then  -- row security: another member's, and still alive
    select * into r from fleet.runs x where x.run = p_run;
    raise exception 'run % is led by % on %, which was heard of at %', p_run, r.member, r.machine, r.beat using errcode = 'FL030',
      detail = json_build_object('machine', r.machine, 'member', r.member, 'beat', r.beat, 'until', r.until, 'other', true)::text;
  elsif r.closed is not null then
    raise exception 'run % is closed since %', p_run, r.closed using errcode = 'FL021';
  elsif r.holder <> p_holder then
    if fleet.living(r) and not p_force then
      raise exception 'run % is led on %, which was heard of at %', p_run, r.machine, r.beat using errcode = 'FL030',
        detail = json_build_object('machine', r.machine, 'member', r.member, 'beat', r.beat, 'until', r.until, 'other', false)::text;
    end if;
    e := nextval('fleet.fence');
    update fleet.runs x set holder = p_holder, epoch = e, machine = p_machine, member = session_user, beat = clock_timestamp(),
      until = clock_timestamp() + x.ttl, turn = x.turn + 1 where x.run = p_run;
    update fleet.leases l set fence = nextval('fleet.fence') where l.run = p_run;
    insert into fleet.lease_log (project, lineage, key, run, fence, what, by_run, at)
      select l.project, l.lineage, l.key, l.run, l.fence, 'moved', p_run, clock_timestamp() from fleet.leases l where l.run = p_run;
    select * into r from fleet.runs x where x.run = p_run;
  end if;
  return query select r.epoch, r.last_seq, r.sum, r.team, r.squad, r.project, r.lineage, r.branch, r.head;
end $$;

create function fleet.close(p_run text, p_holder text, p_epoch bigint, p_facts jsonb)
returns bigint language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
begin
  perform fleet.release(p_run, p_holder, p_epoch, null);
  update fleet.runs x set closed = coalesce(x.closed, clock_timestamp()), beat = clock_timestamp(), facts = p_facts where x.run = p_run;
  return r.last_seq;
end $$;

create function fleet.keep_bundle(p_run text, p_holder text, p_epoch bigint, p_head text, p_data bytea)
returns void language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
begin
  insert into fleet.bundles (run, head, data, at) values (p_run, p_head, p_data, clock_timestamp())
    on conflict (run) do update set head = excluded.head, data = excluded.data, at = excluded.at;
end $$;

-- The project's name stands for one history: whoever comes second has one of its first commits.
create function fleet.join_project(p_project text, p_roots text[])
returns boolean language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.projects;
begin
  insert into fleet.projects (project, roots) values (p_project, p_roots) on conflict do nothing;
  select * into r from fleet.projects where project = p_project;
  return r.roots && p_roots;
end $$;

-- Closed runs older than this go, with what was stored of them. For fleet_owner.
create function fleet.prune(p_older interval)
returns table (runs bigint, records bigint) language plpgsql security definer set search_path = fleet, pg_temp as $$
declare gone text[];
        n bigint;
begin
  if not fleet.administers() then
    raise exception 'only fleet_owner prunes' using errcode = 'FL002';
  end if;
  select coalesce(array_agg(r.run), '{}') into gone from fleet.runs r where r.closed < clock_timestamp() - p_older;
  delete from fleet.records x where x.run = any (gone);
  get diagnostics n = row_count;
  delete from fleet.writes x where x.run = any (gone);
  delete from fleet.bundles x where x.run = any (gone);
  delete from fleet.lease_log x where x.run = any (gone);
  delete from fleet.leases x where x.run = any (gone);
  delete from fleet.runs x where x.run = any (gone);
  return query select cardinality(gone)::bigint, n;
end $$;

-- Row security. A run is its member's; one whose time has run out may lose its leases to anybody and its lead to another member.
do $$
declare t text;
begin
  foreach t in array array['projects', 'runs', 'records', 'lineages', 'leases', 'lease_log', 'writes', 'bundles', 'migrations'] loop
    execute format('alter table fleet.%I owner to fleet_owner', t);
    execute format('alter table fleet.%I enable row level security', t);
    execute format('alter table fleet.%I force row level security', t);
    execute format('create policy seen on fleet.%I for select using (true)', t);
    execute format('create policy pruned on fleet.%I for delete using (fleet.administers())', t);
    execute format('grant select on fleet.%I to fleet_reader, fleet_member', t);
  end loop;
  for t in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'fleet'::regnamespace loop
    execute format('alter function %s owner to fleet_owner', t);
    execute format('revoke all on function %s from public', t);
    execute format('grant execute on function %s to fleet_member', t);
  end loop;
  execute 'alter sequence fleet.fence owner to fleet_owner';
end $$;
grant execute on function fleet.held(text), fleet.living(fleet.runs), fleet.fold(text), fleet.administers() to fleet_reader;

create policy made on fleet.projects for insert with check (made_by = session_user);
create policy made on fleet.lineages for insert with check (true);
create policy turned on fleet.lineages for update using (true);
create policy made on fleet.runs for insert with check (member = session_user);
create policy changed on fleet.runs for update
  using (member = session_user or not fleet.living(runs) or fleet.administers()) with check (true);
create policy shipped on fleet.records for insert
  with check (exists (select 1 from fleet.runs r where r.run = records.run and r.member = session_user));
create policy granted on fleet.leases for insert
  with check (exists (select 1 from fleet.runs r where r.run = leases.run and r.member = session_user));
create policy changed on fleet.leases for update
  using (exists (select 1 from fleet.runs r where r.run = leases.run and r.member = session_user))
  with check (exists (select 1 from fleet.runs r where r.run = leases.run and r.member = session_user));
create policy gone on fleet.leases for delete
  using (exists (select 1 from fleet.runs r where r.run = leases.run and (r.member = session_user or not fleet.living(r))));
create policy noted on fleet.lease_log for insert with check (member = session_user);
create policy noted on fleet.writes for insert
  with check (exists (select 1 from fleet.runs r where r.run = writes.run and r.member = session_user));
create policy kept on fleet.bundles for insert
  with check (exists (select 1 from fleet.runs r where r.run = bundles.run and r.member = session_user));
create policy kept_again on fleet.bundles for update
  using (exists (select 1 from fleet.runs r where r.run = bundles.run and r.member = session_user));
