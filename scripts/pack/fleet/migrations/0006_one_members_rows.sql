-- What one member writes is read by everybody, so its shape is checked where it is stored: no row of one member stops, misleads or speaks for the others.

-- Whether a JSON object has the types that are asked for, {key: type}, in those of its keys that are there; a number is one that programs count with.
create function fleet.shaped(given jsonb, types jsonb) returns boolean language sql immutable set search_path = pg_catalog as $$
  select jsonb_typeof(given) = 'object' and not exists (
    select 1 from jsonb_each_text(types) as t(key, type) where given ? t.key and case
      when jsonb_typeof(given->t.key) = 'null' then t.type = 'number' or t.type = 'array'
      when jsonb_typeof(given->t.key) <> t.type then true
      when t.type = 'number' then abs((given->>t.key)::numeric) > 1e12
      else false end)
$$;

create function fleet.words(given jsonb) returns boolean language sql immutable set search_path = pg_catalog as $$
  select jsonb_typeof(given) = 'array' and not exists (select 1 from jsonb_array_elements(given) as e where jsonb_typeof(e) <> 'string')
$$;

create function fleet.shaped_item(data jsonb) returns boolean language sql immutable set search_path = pg_catalog as $$
  select fleet.shaped(data, '{"id":"string","squad":"string","title":"string","state":"string","owner":"string","blocker":"string","eta":"string",
      "limit":"number","since":"number","eta_at":"number","cross":"boolean","handoff":"object","needs":"array","criteria":"array",
      "contracts":"array","drifted":"array","met":"object"}')
    and data ?& array['id', 'squad', 'title', 'state'] and jsonb_typeof(data->'title') = 'string' and jsonb_typeof(data->'state') = 'string'
    and (jsonb_typeof(data->'handoff') is distinct from 'object'
      or jsonb_typeof(data->'handoff'->'to') = 'string' and jsonb_typeof(data->'handoff'->'note') = 'string')
$$;

create function fleet.shaped_note(kind text, about text, data jsonb) returns boolean language sql stable set search_path = pg_catalog as $$
  select case kind
    when 'decision' then data ? 'text' and fleet.shaped(data, '{"text":"string","why":"string"}')
    when 'status' then data ? 'text' and fleet.shaped(data, '{"text":"string"}') and about ~ '^\d{4}-\d\d-\d\d$' and about::date is not null
    when 'integration' then data ?& array['ok', 'steps'] and fleet.shaped(data, '{"ok":"boolean","steps":"array","commit":"string"}')
      and not exists (select 1 from jsonb_array_elements(data->'steps') as s where not (s ?& array['do', 'ok']
        and fleet.shaped(s, '{"do":"string","ok":"boolean","why":"string","squad":"string","argv":"array"}')))
    else true end
$$;

-- `not valid`: what is stored already is left as it is.
alter table fleet.runs add constraint facts_are_shaped
  check (fleet.shaped(facts, '{"phase":"string","mode":"string","tasks":"number","done":"number","last":"number","unleased":"number"}')) not valid;
alter table fleet.runs add constraint names_are_plain
  check (team !~ '^\.|[/\x01-\x1f\x7f]' and (squad || machine || branch || lineage) !~ '[\x01-\x1f\x7f]' and head ~ '^([0-9a-f]{40,64})?$') not valid;
alter table fleet.records add constraint lines_are_ascii check (line !~ '[^\x01-\x7f]') not valid;
alter table fleet.leases add constraint paths_are_plain check (path !~ '[\x01-\x1f\x7f]') not valid;
alter table fleet.items add constraint data_is_shaped check (version = 0 or fleet.shaped_item(data)) not valid;
alter table fleet.notes add constraint data_is_shaped check (fleet.shaped_note(kind, about, data)) not valid;
alter table fleet.contracts add constraint drift_is_shaped check (fleet.words(drift) and jsonb_typeof(recording) = 'object') not valid;

-- Who works in a squad: whoever began it, and whom its members let in. Without this a member would only have to call itself that squad.
create table fleet.squad_members (
  project text not null references fleet.projects,
  squad   text not null check (length(squad) between 1 and 100),
  member  name not null,
  made_by name not null default session_user,
  at      timestamptz not null default clock_timestamp(),
  primary key (project, squad, member)
);

insert into fleet.squad_members (project, squad, member) select distinct project, squad, member from fleet.runs;

-- Who may speak for a squad: its members, and who leads a run of it; anybody while it has neither.
create or replace function fleet.of_squad(p_project text, p_squad text) returns boolean language sql stable strict set search_path = pg_catalog as $$
  select fleet.administers()
    or exists (select 1 from fleet.runs r where r.project = p_project and r.squad = p_squad and r.member = session_user)
    or exists (select 1 from fleet.squad_members m where m.project = p_project and m.squad = p_squad and m.member = session_user)
    or not exists (select 1 from fleet.runs r where r.project = p_project and r.squad = p_squad)
      and not exists (select 1 from fleet.squad_members m where m.project = p_project and m.squad = p_squad)
$$;

create function fleet.admit(p_project text, p_squad text, p_member text)
returns void language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
begin
  perform fleet.speak(p_project, p_squad);
  if not exists (select 1 from pg_roles where rolname = p_member) then
    raise exception 'the database has no login %', p_member using errcode = 'FL062';
  end if;
  insert into fleet.squad_members (project, squad, member) values (p_project, p_squad, p_member) on conflict do nothing;
end $$;

-- As in 0001; a run begins in a squad that is its member's.
create or replace function fleet.announce(p_run text, p_holder text, p_project text, p_team text, p_squad text, p_machine text, p_lineage text,
                                          p_branch text, p_ttl interval)
returns table (epoch bigint, last_seq bigint, sum bytea, turn bigint)
language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs;
begin
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

-- As in 0001, and of what squads said: messages that have arrived, and the history of items. Decisions, hand-offs and contracts stay.
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
  delete from fleet.runs x where x.run = any (gone);
  delete from fleet.messages m where m.at < t and m.got_at is not null
    and not exists (select 1 from fleet.messages a where a.answers = m.id and (a.at >= t or a.got_at is null));
  delete from fleet.notes x where x.at < t and x.kind = 'item';
  return query select cardinality(gone)::bigint, n;
end $$;

do $$
declare t text;
begin
  alter table fleet.squad_members owner to fleet_owner;
  alter table fleet.squad_members enable row level security;
  alter table fleet.squad_members force row level security;
  grant select on fleet.squad_members to fleet_reader, fleet_member;
  for t in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'fleet'::regnamespace and p.proname in
    ('shaped', 'words', 'shaped_item', 'shaped_note', 'admit') loop
    execute format('alter function %s owner to fleet_owner', t);
    execute format('revoke all on function %s from public', t);
  end loop;
  grant execute on function fleet.admit(text, text, text) to fleet_member;
end $$;
create policy seen on fleet.squad_members for select using (true);
create policy pruned on fleet.squad_members for delete using (fleet.administers());
create policy let_in on fleet.squad_members for insert with check (made_by = session_user and fleet.of_squad(project, squad));
