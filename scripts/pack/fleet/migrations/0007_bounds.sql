-- What one member writes has a bound: its size, its depth, how many messages it sends. And no lock that any login can take stands before a write.

-- Whether a JSON value nests no deeper than programs read it, and is no longer than `most`.
create function fleet.bounded(given jsonb, most integer) returns boolean language sql immutable set search_path = pg_catalog as $$
  select length(given::text) <= most and not jsonb_path_exists(given, 'strict $.**{101}')
$$;

-- `not valid`: what is stored already is left as it is.
alter table fleet.projects add constraint roots_are_few check (cardinality(roots) <= 10000 and length(roots::text) <= 700000) not valid;
alter table fleet.runs add constraint facts_are_small check (fleet.bounded(facts, 4000)) not valid;
alter table fleet.runs add constraint names_are_short
  check (length(branch) <= 1000 and length(lineage) <= 1000 and length(head) <= 64 and length(member) <= 63) not valid;
alter table fleet.records add constraint lines_are_short check (length(line) <= 33554432) not valid;
alter table fleet.bundles add constraint bundles_are_small check (length(data) <= 33554432 and length(head) <= 64) not valid;
alter table fleet.messages add constraint kinds_are_known check (kind in ('asks', 'note', 'handoff', 'blocker')) not valid;
alter table fleet.items add constraint data_is_small
  check (version = 0 or fleet.bounded(data, 100000) and data->>'id' = id and data->>'squad' = squad and length(machine) <= 200) not valid;
alter table fleet.notes add constraint data_is_small
  check (fleet.bounded(data, 2000000) and length(about) <= 1000 and length(squad) <= 100 and length(machine) <= 200) not valid;
alter table fleet.contracts add constraint recording_is_small
  check (fleet.bounded(recording, 16000000) and fleet.bounded(drift, 100000) and length(digest) <= 200 and length(squad) <= 100 and length(machine) <= 200) not valid;
alter table fleet.needs add constraint needs_are_few
  check (cardinality(paths) <= 1000 and cardinality(items) <= 1000 and length(paths::text) <= 200000 and length(items::text) <= 20000) not valid;

-- A squad's lead hears each message at the end of a turn, which goes on for it: so many in an hour one login may send to one squad. What the engine itself
-- tells of blockers is no login's.
create function fleet.spares() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if new.kind <> 'blocker' and (select count(*) from fleet.messages m where m.project = new.project and m.to_squad = new.to_squad
      and m.member = session_user and m.kind <> 'blocker' and m.at > clock_timestamp() - interval '1 hour') >= 100 then
    raise exception 'squad % has had 100 messages from % within the hour: it is to read them first', new.to_squad, session_user using errcode = 'FL042';
  end if;
  return new;
end $$;
-- Numbers of items are given in order; one far beyond the others would leave none for the next ones.
create function fleet.counts() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if substr(new.id, 2)::integer > 1000 + (select coalesce(max(substr(i.id, 2)::integer), 0) from fleet.items i where i.project = new.project) then
    raise exception 'item % is far beyond the last one of the project', new.id using errcode = 'FL055';
  end if;
  return new;
end $$;
create trigger counts before insert on fleet.items for each row execute function fleet.counts();

create index messages_of_member on fleet.messages (project, to_squad, member, at);
create trigger spares before insert on fleet.messages for each row execute function fleet.spares();

-- As in 0001; a checksum that is not given is none that fits.
create or replace function fleet.ship(p_run text, p_holder text, p_epoch bigint, p_first bigint, p_lines text[], p_sum bytea)
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
    if total is distinct from p_sum then
      raise exception 'records % to % do not follow record % of the stored chain', p_first + known, n - 1, r.last_seq using errcode = 'FL011';
    end if;
    insert into fleet.records (run, seq, line)
      select p_run, p_first + known + given.at - 1, given.line from unnest(p_lines[known + 1 :]) with ordinality as given(line, at);
    update fleet.runs set last_seq = n - 1, sum = total where run = p_run;
  end if;
  return greatest(r.last_seq, n - 1);
end $$;

-- As in 0003; of two that publish at once the table's key lets one through. (An advisory lock is anybody's to hold.)
create or replace function fleet.publish(p_project text, p_squad text, p_name text, p_seen integer, p_commit text, p_digest text, p_recording jsonb,
                                         p_drift jsonb, p_machine text)
returns integer language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare
  c    fleet.contracts;
  number integer := p_seen + 1;
  told text[];
begin
  perform fleet.speak(p_project, p_squad);
  select * into c from fleet.contracts where project = p_project and name = p_name order by version desc limit 1;
  if found and c.squad <> p_squad then
    raise exception 'contract % is squad %''s', p_name, c.squad using errcode = 'FL002';
  elsif found and c.digest = p_digest and c.commit = p_commit then
    return c.version;  -- the same again is one whose answer was lost
  elsif coalesce(c.version, 0) <> p_seen then
    raise exception 'contract % is version % by now', p_name, c.version using errcode = 'FL050';
  end if;
  insert into fleet.contracts (project, name, version, squad, commit, digest, recording, drift, machine)
    values (p_project, p_name, number, p_squad, p_commit, p_digest, p_recording, p_drift, p_machine) on conflict do nothing;
  if not found then  -- somebody was quicker
    select * into c from fleet.contracts where project = p_project and name = p_name and version = number;
    if c.squad = p_squad and c.digest = p_digest and c.commit = p_commit then
      return c.version;
    end if;
    raise exception 'contract % is version % by now', p_name, number using errcode = 'FL050';
  end if;
  select array_agg(n.squad) into told from fleet.needs n where n.project = p_project and n.name = p_name;
  perform fleet.tell(p_project, p_squad, coalesce(told, '{}'), 'note', case when p_drift = '[]'
    then format('contract %s is version %s now, and nothing that you rest on changes', p_name, number)
    else format('contract %s drifts with version %s: %s. What depends on it waits until you have merged %s', p_name, number,
      (select string_agg(d, '; ') from jsonb_array_elements_text(p_drift) d), left(p_commit, 12)) end);
  perform fleet.ring(p_project, 'contracts');
  return number;
end $$;

-- Runs that were removed, by their numbers.
create table fleet.ended (
  run text primary key check (run ~ '^[0-9a-f]{32}$'),
  at  timestamptz not null default clock_timestamp()
);

-- As in 0006; a run that was closed and removed does not begin anew because an old copy of it wakes up.
create or replace function fleet.announce(p_run text, p_holder text, p_project text, p_team text, p_squad text, p_machine text, p_lineage text,
                                          p_branch text, p_ttl interval)
returns table (epoch bigint, last_seq bigint, sum bytea, turn bigint)
language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs;
begin
  if exists (select 1 from fleet.ended where run = p_run) then
    raise exception 'run % was closed and is removed here', p_run using errcode = 'FL023';
  end if;
  if not exists (select 1 from fleet.runs where run = p_run) and not fleet.of_squad(p_project, p_squad) then
    raise exception 'squad % is %''s, and this is %: they let you in (`pack fleet admit % %`), or this clone is another squad''s (`git config team.squad NAME`)',
      p_squad, (select string_agg(m.member, ', ') from fleet.squad_members m where m.project = p_project and m.squad = p_squad), session_user,
      p_squad, session_user using errcode = 'FL060';
  end if;
  insert into fleet.runs (run, project, team, squad, machine, holder, epoch, lineage, branch, ttl, until)
    values (p_run, p_project, p_team, p_squad, p_machine, p_holder, nextval('fleet.fence'), p_lineage, p_branch, p_ttl,
            clock_timestamp() + p_ttl)
    on conflict do nothing;
  if found then  -- a member of it from now on, whoever may take this run over one day
    insert into fleet.squad_members (project, squad, member) values (p_project, p_squad, session_user) on conflict do nothing;
  end if;
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

-- As in 0006; the numbers of what goes stay. It takes too, of what squads said: messages that have arrived, and the history of items. Decisions, hand-offs and contracts stay.
create or replace function fleet.prune(p_older interval)
returns table (runs bigint, records bigint) language plpgsql security definer set search_path = fleet, pg_temp as $$
declare gone text[];
        n bigint;
        t timestamptz := clock_timestamp() - p_older;
begin
  if not fleet.administers() then
    raise exception 'only fleet_owner prunes' using errcode = 'FL002';
  elsif p_older < interval '0' then
    raise exception 'what is not there yet is not pruned' using errcode = 'FL061';
  end if;
  select coalesce(array_agg(r.run), '{}') into gone from fleet.runs r where r.closed < t;
  delete from fleet.records x where x.run = any (gone);
  get diagnostics n = row_count;
  delete from fleet.writes x where x.run = any (gone);
  delete from fleet.bundles x where x.run = any (gone);
  delete from fleet.lease_log x where x.run = any (gone);
  delete from fleet.leases x where x.run = any (gone);
  insert into fleet.ended (run) select unnest(gone) on conflict do nothing;
  delete from fleet.runs x where x.run = any (gone);
  delete from fleet.messages m where m.at < t and m.got_at is not null
    and not exists (select 1 from fleet.messages a where a.answers = m.id and (a.at >= t or a.got_at is null));
  delete from fleet.notes x where x.at < t and x.kind = 'item';
  return query select cardinality(gone)::bigint, n;
end $$;

do $$
declare t text;
begin
  alter table fleet.ended owner to fleet_owner;
  alter table fleet.ended enable row level security;
  alter table fleet.ended force row level security;
  grant select on fleet.ended to fleet_reader, fleet_member;
  for t in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'fleet'::regnamespace and p.proname in ('bounded', 'spares', 'counts') loop
    execute format('alter function %s owner to fleet_owner', t);
    execute format('revoke all on function %s from public', t);
  end loop;
end $$;
create policy seen on fleet.ended for select using (true);
create policy pruned on fleet.ended for delete using (fleet.administers());
create policy removed on fleet.ended for insert with check (fleet.administers());
