-- The sprint of several squads: backlog, hand-offs, decisions, what integration days found, contracts and who depends on them. And a bell:
-- who waits for something LISTENs to its project's channel; a notification is a hint to look, never the thing itself (equal ones fold, a
-- pooler loses them).

create table fleet.items (
  project text not null references fleet.projects,
  id      text not null check (id ~ '^B[1-9][0-9]{0,5}$'),
  version bigint not null,
  squad   text not null check (length(squad) between 1 and 100),
  data    jsonb not null,
  made_by name not null default session_user,
  last_by name not null default session_user,
  machine text not null,
  at      timestamptz not null,
  primary key (project, id)
);

-- What was said and found, never changed: an item's changes, hand-offs, decisions, status files, integration days, escalations.
create table fleet.notes (
  id      bigint generated always as identity primary key,
  project text not null references fleet.projects,
  kind    text not null check (kind in ('item', 'handoff', 'decision', 'status', 'integration', 'escalated')),
  squad   text not null,
  about   text not null default '',
  data    jsonb not null check (length(data::text) < 2000000),
  member  name not null default session_user,
  machine text not null,
  at      timestamptz not null default clock_timestamp()
);
create index notes_of_project on fleet.notes (project, kind, id);
create unique index escalated_once on fleet.notes (project, about) where kind = 'escalated';

create table fleet.contracts (
  project   text not null references fleet.projects,
  name      text not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
  version   integer not null,
  squad     text not null,
  commit    text not null check (commit ~ '^[0-9a-f]{40,64}$'),  -- whoever has merged it has the version
  digest    text not null,
  recording jsonb not null,
  drift     jsonb not null,  -- what a consumer of the version before would stumble over: []
  member    name not null default session_user,
  machine   text not null,
  at        timestamptz not null default clock_timestamp(),
  primary key (project, name, version)
);

create table fleet.needs (
  project text not null references fleet.projects,
  squad   text not null,
  name    text not null,
  paths   text[] not null,  -- files of tasks that depend on it; none and no items: every task
  items   text[] not null,
  member  name not null default session_user,
  at      timestamptz not null default clock_timestamp(),
  primary key (project, squad, name)
);

alter table fleet.messages add column kind text not null default 'asks';

create function fleet.channel(p_project text) returns text language sql immutable strict set search_path = pg_catalog as $$
  select 'fleet_' || md5(p_project)
$$;

create function fleet.ring(p_project text, p_what text) returns void language sql volatile set search_path = pg_catalog as $$
  select pg_notify(fleet.channel(p_project), p_what)
$$;

-- Who may speak for a squad: who has a run of it; anybody while it never had one.
create function fleet.of_squad(p_project text, p_squad text) returns boolean language sql stable strict set search_path = pg_catalog as $$
  select fleet.administers()
    or exists (select 1 from fleet.runs r where r.project = p_project and r.squad = p_squad and r.member = session_user)
    or not exists (select 1 from fleet.runs r where r.project = p_project and r.squad = p_squad)
$$;

create function fleet.speak(p_project text, p_squad text) returns void language plpgsql stable set search_path = pg_catalog as $$
begin
  if not exists (select 1 from fleet.projects p where p.project = p_project) then
    raise exception 'project % is not known here: `pack fleet join` makes it known', p_project using errcode = 'FL004';
  elsif not fleet.of_squad(p_project, p_squad) then
    raise exception 'squad % of % is not %''s to speak for', p_squad, p_project, session_user using errcode = 'FL002';
  end if;
end $$;

-- A row for each squad that is told; they have it at their lead's next turn's end.
create function fleet.tell(p_project text, p_from text, p_to text[], p_kind text, p_body text)
returns void language sql volatile set search_path = pg_catalog as $$
  insert into fleet.messages (project, from_run, from_squad, to_squad, kind, body)
    select distinct p_project, '', p_from, s, p_kind, left(p_body, 2000) from unnest(p_to) s where s <> p_from or p_kind = 'blocker'
$$;

create function fleet.squads(p_project text) returns text[] language sql stable set search_path = pg_catalog as $$
  select coalesce(array_agg(distinct r.squad), '{}') from fleet.runs r where r.project = p_project and r.closed is null
$$;

-- An item as it should stand, if it still is the version that was seen (0: it is new). Since when it has its state is the database's to say.
create function fleet.put_item(p_project text, p_id text, p_version bigint, p_as text, p_data jsonb, p_machine text)
returns table (version bigint, since float8) language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare
  o    fleet.items;
  lane text := p_data->>'squad';
  give text := p_data->'handoff'->>'to';
  was  text;
  t    timestamptz;
begin
  perform fleet.speak(p_project, p_as);
  insert into fleet.items (project, id, version, squad, data, machine, at)
    select p_project, p_id, 0, lane, '{}', p_machine, clock_timestamp() where p_version = 0
    on conflict do nothing;
  if not found and p_version = 0 then
    raise exception 'item % is there already', p_id using errcode = 'FL051';
  end if;
  select * into o from fleet.items where project = p_project and id = p_id for update;
  t := clock_timestamp();
  if not found then
    if exists (select 1 from fleet.items where project = p_project and id = p_id) then
      raise exception 'item % is not %''s to change', p_id, session_user using errcode = 'FL002';
    end if;
    raise exception 'no item %', p_id using errcode = 'FL052';
  elsif o.version <> p_version then
    raise exception 'item % was changed meanwhile by % on %', p_id, o.last_by, o.machine using errcode = 'FL050';
  end if;
  was := o.data->>'state';
  if was is distinct from p_data->>'state' then
    p_data := p_data || jsonb_build_object('since', extract(epoch from t)::float8);
  elsif o.version > 0 then
    p_data := p_data || jsonb_build_object('since', o.data->'since');
  end if;
  update fleet.items set version = p_version + 1, squad = lane, data = p_data, last_by = session_user, machine = p_machine, at = t
    where project = p_project and id = p_id;
  insert into fleet.notes (project, kind, squad, about, data, machine) values (p_project, 'item', p_as, p_id, p_data, p_machine);
  if give is not null and give is distinct from o.data->'handoff'->>'to' then
    insert into fleet.notes (project, kind, squad, about, data, machine)
      values (p_project, 'handoff', p_as, p_id, p_data->'handoff', p_machine);
    perform fleet.tell(p_project, p_as, array[give], 'handoff', format('hands over %s %s: %s; take it with `pack sprint accept %s`',
      p_id, p_data->>'title', p_data->'handoff'->>'note', p_id));
  elsif o.data->'handoff'->>'to' = lane and lane <> o.squad then
    perform fleet.tell(p_project, p_as, array[o.squad], 'handoff', format('has taken %s %s', p_id, p_data->>'title'));
  elsif (p_data->>'cross')::boolean and was is distinct from p_data->>'state' and 'blocked' in (was, p_data->>'state') then
    perform fleet.tell(p_project, p_as, fleet.squads(p_project), 'note', case when was = 'blocked'
      then format('%s %s is not blocked any more', p_id, p_data->>'title')
      else format('%s %s is blocked: %s, owner %s, ETA %s', p_id, p_data->>'title', p_data->>'blocker', p_data->>'owner', p_data->>'eta') end);
  end if;
  perform fleet.ring(p_project, 'items');
  return query select p_version + 1, (p_data->>'since')::float8;
end $$;

create function fleet.add_note(p_project text, p_kind text, p_squad text, p_about text, p_data jsonb, p_machine text)
returns bigint language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare n bigint;
begin
  perform fleet.speak(p_project, p_squad);
  if p_kind not in ('decision', 'status', 'integration') then
    raise exception 'no note of this kind: %', p_kind using errcode = 'FL053';
  end if;
  insert into fleet.notes (project, kind, squad, about, data, machine) values (p_project, p_kind, p_squad, p_about, p_data, p_machine)
    returning id into n;
  if p_kind = 'decision' then
    perform fleet.tell(p_project, p_squad, fleet.squads(p_project), 'note', format('decided (D%s): %s', n, p_data->>'text'));
  end if;
  perform fleet.ring(p_project, p_kind);
  return n;
end $$;

-- A contract's next version, behind the one that was seen. Who depends on it is told, and what changes for them.
create function fleet.publish(p_project text, p_squad text, p_name text, p_seen integer, p_commit text, p_digest text, p_recording jsonb,
                              p_drift jsonb, p_machine text)
returns integer language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare
  c    fleet.contracts;
  number integer;
  told text[];
begin
  perform fleet.speak(p_project, p_squad);
  perform pg_advisory_xact_lock(hashtextextended('fleet contract ' || p_project || '/' || p_name, 0));
  select * into c from fleet.contracts where project = p_project and name = p_name order by version desc limit 1;
  if found and c.squad <> p_squad then
    raise exception 'contract % is squad %''s', p_name, c.squad using errcode = 'FL002';
  elsif found and c.digest = p_digest and c.commit = p_commit then
    return c.version;  -- the same again is one whose answer was lost
  elsif coalesce(c.version, 0) <> p_seen then
    raise exception 'contract % is version % by now', p_name, c.version using errcode = 'FL050';
  end if;
  number := p_seen + 1;
  insert into fleet.contracts (project, name, version, squad, commit, digest, recording, drift, machine)
    values (p_project, p_name, number, p_squad, p_commit, p_digest, p_recording, p_drift, p_machine);
  select array_agg(n.squad) into told from fleet.needs n where n.project = p_project and n.name = p_name;
  perform fleet.tell(p_project, p_squad, coalesce(told, '{}'), 'note', case when p_drift = '[]'
    then format('contract %s is version %s now, and nothing that you rest on changes', p_name, number)
    else format('contract %s drifts with version %s: %s. What depends on it waits until you have merged %s', p_name, number,
      (select string_agg(d, '; ') from jsonb_array_elements_text(p_drift) d), left(p_commit, 12)) end);
  perform fleet.ring(p_project, 'contracts');
  return number;
end $$;

create function fleet.need(p_project text, p_squad text, p_name text, p_paths text[], p_items text[], p_drop boolean)
returns void language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
begin
  perform fleet.speak(p_project, p_squad);
  if p_drop then
    delete from fleet.needs where project = p_project and squad = p_squad and name = p_name;
  elsif not exists (select 1 from fleet.contracts c where c.project = p_project and c.name = p_name) then
    raise exception 'no contract % is published; there are: %', p_name,
      coalesce((select string_agg(distinct c.name, ', ') from fleet.contracts c where c.project = p_project), 'none') using errcode = 'FL054';
  else
    insert into fleet.needs (project, squad, name, paths, items) values (p_project, p_squad, p_name, p_paths, p_items)
      on conflict (project, squad, name) do update set paths = excluded.paths, items = excluded.items, at = clock_timestamp();
  end if;
  perform fleet.ring(p_project, 'contracts');
end $$;

-- As before (0002), with the bell of the project.
create or replace function fleet.say(p_run text, p_holder text, p_epoch bigint, p_to text, p_answers bigint, p_body text)
returns bigint language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare
  r fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
  n bigint;
begin
  if p_answers is not null then
    select from_squad into p_to from fleet.messages m where m.id = p_answers and m.project = r.project and m.to_squad = r.squad;
    if not found then
      raise exception 'message % is none to squad %', p_answers, r.squad using errcode = 'FL040';
    end if;
  elsif not exists (select 1 from fleet.runs x where x.project = r.project and x.squad = p_to) then
    raise exception 'project % has no squad %; it has: %', r.project, p_to,
      (select string_agg(distinct x.squad, ', ') from fleet.runs x where x.project = r.project) using errcode = 'FL041';
  end if;
  -- the same again is one whose answer was lost
  select m.id into n from fleet.messages m where m.from_run = p_run and m.to_squad = p_to and m.body = p_body
    and m.answers is not distinct from p_answers and m.at > clock_timestamp() - interval '1 minute';
  if n is null then
    insert into fleet.messages (project, from_run, from_squad, to_squad, answers, body)
      values (r.project, p_run, r.squad, p_to, p_answers, p_body) returning id into n;
    perform fleet.ring(r.project, 'messages');
  end if;
  return n;
end $$;

-- What waits for the run's squad (0002), with its kind; a blocker that is older than its limit is told once, by whoever looks first.
drop function fleet.inbox(text, text, bigint, bigint[]);
create function fleet.inbox(p_run text, p_holder text, p_epoch bigint, p_seen bigint[])
returns table (id bigint, from_squad text, answers bigint, body text, kind text)
language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r   fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
        due record;
begin
  for due in
    with late as (
      select i.id, i.squad, i.data, coalesce((i.data->>'limit')::float8, 4) as hours from fleet.items i
        where i.project = r.project and i.data->>'state' = 'blocked'),
    noted as (
      insert into fleet.notes (project, kind, squad, about, data, machine)
        select r.project, 'escalated', l.squad, l.id || ' ' || (l.data->>'since'), l.data, r.machine from late l
          where (l.data->>'since')::float8 + l.hours * 3600 < extract(epoch from clock_timestamp())
            and not exists (select 1 from fleet.notes n where n.project = r.project and n.kind = 'escalated'
              and n.about = l.id || ' ' || (l.data->>'since'))
        on conflict do nothing returning *)
    select l.* from late l join noted on noted.about = l.id || ' ' || (l.data->>'since')
  loop
    perform fleet.tell(r.project, due.squad, case when (due.data->>'cross')::boolean then fleet.squads(r.project) || due.squad
      else array[due.squad] end, 'blocker', format('ESCALATE %s %s: blocked for more than %s h by %s, owner %s, ETA %s', due.id,
      due.data->>'title', due.hours, due.data->>'blocker', due.data->>'owner', due.data->>'eta'));
  end loop;
  update fleet.messages m set got_by = p_run, got_at = clock_timestamp()
    where m.id = any (p_seen) and m.project = r.project and m.to_squad = r.squad and m.got_at is null;
  return query select m.id, m.from_squad, m.answers, m.body, m.kind from fleet.messages m
    where m.project = r.project and m.to_squad = r.squad and m.got_at is null and m.from_run <> p_run order by m.id limit 50;
end $$;

-- Whoever looks on hears of a run that begins, changes, is taken over or ends. Records and leases ring nothing: they are too many.
create function fleet.rang() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'INSERT' or old.epoch <> new.epoch or old.closed is distinct from new.closed or old.facts <> new.facts then
    perform fleet.ring(new.project, 'runs');
  end if;
  return null;
end $$;
create trigger rang after insert or update of epoch, closed, facts on fleet.runs for each row execute function fleet.rang();

do $$
declare t text;
begin
  foreach t in array array['items', 'notes', 'contracts', 'needs'] loop
    execute format('alter table fleet.%I owner to fleet_owner', t);
    execute format('alter table fleet.%I enable row level security', t);
    execute format('alter table fleet.%I force row level security', t);
    execute format('create policy seen on fleet.%I for select using (true)', t);
    execute format('create policy pruned on fleet.%I for delete using (fleet.administers())', t);
    execute format('grant select on fleet.%I to fleet_reader, fleet_member', t);
  end loop;
  for t in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'fleet'::regnamespace and p.proname in
    ('channel', 'ring', 'of_squad', 'speak', 'tell', 'squads', 'put_item', 'add_note', 'publish', 'need', 'say', 'inbox', 'rang') loop
    execute format('alter function %s owner to fleet_owner', t);
    execute format('revoke all on function %s from public', t);
  end loop;
  for t in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'fleet'::regnamespace and p.proname in
    ('channel', 'of_squad', 'put_item', 'add_note', 'publish', 'need', 'say', 'inbox') loop
    execute format('grant execute on function %s to fleet_member', t);
  end loop;
end $$;
grant execute on function fleet.channel(text) to fleet_reader;

create policy made on fleet.items for insert with check (made_by = session_user);
create policy changed on fleet.items for update
  using (made_by = session_user or fleet.of_squad(project, squad) or fleet.of_squad(project, data->'handoff'->>'to'))
  with check (last_by = session_user);
create policy noted on fleet.notes for insert with check (member = session_user);
create policy published on fleet.contracts for insert with check (member = session_user and fleet.of_squad(project, squad));
create policy needed on fleet.needs for insert with check (member = session_user and fleet.of_squad(project, squad));
create policy needed_again on fleet.needs for update using (fleet.of_squad(project, squad));
create policy dropped on fleet.needs for delete using (fleet.of_squad(project, squad));
