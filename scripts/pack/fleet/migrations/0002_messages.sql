-- What squads say to each other: a row, its delivery and its answer. Delivered to the squad's run that leads when it next gives a sign of life.

create table fleet.messages (
  id         bigint generated always as identity primary key,
  project    text not null references fleet.projects,
  from_run   text not null,
  from_squad text not null,
  to_squad   text not null check (length(to_squad) between 1 and 100),
  answers    bigint references fleet.messages,
  body       text not null check (length(body) between 1 and 2000),
  member     name not null default session_user,
  at         timestamptz not null default clock_timestamp(),
  got_by     text,
  got_at     timestamptz
);
create index messages_waiting on fleet.messages (project, to_squad) where got_at is null;

-- Say something to a squad, or answer one of its messages. The number of the row; null for a squad that the project never had.
create function fleet.say(p_run text, p_holder text, p_epoch bigint, p_to text, p_answers bigint, p_body text)
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
    perform pg_notify('fleet', json_build_object('project', r.project, 'to', p_to, 'id', n)::text);
  end if;
  return n;
end $$;

-- What waits for the run's squad, told again until `p_seen`, the highest number that was kept, says that it arrived.
create function fleet.inbox(p_run text, p_holder text, p_epoch bigint, p_seen bigint[])
returns table (id bigint, from_squad text, answers bigint, body text)
language plpgsql security definer set search_path = fleet, pg_temp set lock_timeout = '4s' as $$
#variable_conflict use_column
declare r fleet.runs := fleet.mine(p_run, p_holder, p_epoch);
begin
  update fleet.messages m set got_by = p_run, got_at = clock_timestamp()
    where m.id = any (p_seen) and m.project = r.project and m.to_squad = r.squad and m.got_at is null;
  return query select m.id, m.from_squad, m.answers, m.body from fleet.messages m
    where m.project = r.project and m.to_squad = r.squad and m.got_at is null and m.from_run <> p_run order by m.id limit 50;
end $$;

do $$
declare t text;
begin
  alter table fleet.messages owner to fleet_owner;
  alter table fleet.messages enable row level security;
  alter table fleet.messages force row level security;
  grant select on fleet.messages to fleet_reader, fleet_member;
  for t in select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'fleet'::regnamespace and p.proname in ('say', 'inbox') loop
    execute format('alter function %s owner to fleet_owner', t);
    execute format('revoke all on function %s from public', t);
    execute format('grant execute on function %s to fleet_member', t);
  end loop;
end $$;
create policy seen on fleet.messages for select using (true);
create policy said on fleet.messages for insert with check (member = session_user);
-- Delivery is noted by a member with a run of that squad; what was said, and who said it, stays (no other column can be changed through a function).
create policy got on fleet.messages for update
  using (exists (select 1 from fleet.runs r where r.project = messages.project and r.squad = messages.to_squad and r.member = session_user));
create policy pruned on fleet.messages for delete using (fleet.administers());
