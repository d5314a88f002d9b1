-- Is this the database that sends, or a copy of it?  A copy (a dump restored
-- elsewhere, a base backup, a snapshot) holds requests as queued that the original
-- has sent since; each would be paid for twice.

create or replace function genhook.server_identity()
returns text
language plpgsql
stable
security definer
set search_path = genhook, pg_temp
as $$
begin
    return (select c.system_identifier::text from pg_control_system() as c);
exception when insufficient_privilege or undefined_function then
    return null;
end
$$;
comment on function genhook.server_identity() is
    'The cluster''s system identifier: the same on a standby that is promoted, another after initdb and pg_upgrade. NULL where the server does not tell it.';

create or replace function genhook.identify_database()
returns table (nonce text, sent bigint)
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
#variable_conflict use_column
begin
    if not exists (select from identity) then
        insert into identity (system_identifier, database_oid)
        select server_identity(), d.oid from pg_database d
        where d.datname = current_database()
        on conflict do nothing;
    end if;
    return query select i.nonce::text, i.sent from identity i;
end
$$;
comment on function genhook.identify_database() is
    'By what this database is known, noted at the first call: the name of its notes, and how many requests it has claimed.';

-- Three things give a copy away.  Another cluster or another database: it was
-- dumped and restored, or pg_upgrade made it.  A note beside it that knows of more
-- requests than the database does: it was set back.  A host without a note, and a
-- server that was started since any host with one was content: a base backup that
-- runs elsewhere.  A standby that takes over is none of these.
create or replace function genhook.doubt_database(p_noted bigint,
    p_other_notes boolean)
returns text
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    i       identity;
    this_system text := server_identity();
    this_oid oid := (select d.oid from pg_database d
        where d.datname = current_database());
    started timestamptz := pg_postmaster_start_time();
    why     text;
    words   text;
begin
    select * into i from identity for update;
    why := case
        when this_oid <> i.database_oid
            or this_system <> i.system_identifier then 'another database'
        when p_noted > i.sent or i.doubt = 'behind' then 'behind'
        when p_noted is not null or i.server_started = started then null
        -- Never swept before, but something else was, from here.
        when i.server_started is null
            and not (p_other_notes and exists (select from requests r
                where r.status = 'queued')) then null
        else 'stranger'
    end;
    if why is null then
        update identity set server_started = started,
            system_identifier = coalesce(this_system, system_identifier),
            doubt = null, doubt_since = null, doubt_words = null
        where server_started is distinct from started
            or system_identifier is distinct from
                coalesce(this_system, system_identifier)
            or doubt is not null;
        if i.doubt is not null then
            update requests r set error = null
            where r.status = 'queued' and r.error = i.doubt_words;
        end if;
        return null;
    end if;
    words := 'not sent: this database ' || case why
        when 'another database' then
            'is not the one that has sent so far, but a copy of it (restored, or made by pg_upgrade)'
        when 'behind' then
            'has forgotten requests that were sent: it was restored from a backup, or a standby that lagged behind took over'
        else
            'may be a copy: its server was started anew, and this host has no note in its spool_dir of what was sent'
        end || '; if nothing else sends its requests: genhook resume';
    update identity set doubt = why, doubt_words = words,
        doubt_since = case when doubt = why then doubt_since else now() end;
    update requests r set error = words
    where r.id in (select d.id from requests d
        where d.status = 'queued' and d.error is distinct from words
        for update skip locked);
    return words;
end
$$;
comment on function genhook.doubt_database(bigint, boolean) is
    'Whether this may be a copy, given how many requests the note of the calling host knows (NULL: it has none) and whether it has notes of other databases: in words, which each queued request gets as its error. NULL: all is well.';

create or replace function genhook.resume_sending(p_unknown boolean default false)
returns setof genhook.requests
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    i identity;
    r requests;
begin
    select * into i from identity where doubt is not null for update;
    if not found then
        return;
    end if;
    -- Notes of the other database are not this one's any more.
    update identity set system_identifier = server_identity(),
        database_oid = (select d.oid from pg_database d
            where d.datname = current_database()),
        nonce = gen_random_uuid(), server_started = pg_postmaster_start_time(),
        doubt = null, doubt_since = null, doubt_words = null;
    for r in
        update requests q set
            status = case when p_unknown then 'unknown' else 'queued' end,
            error = case when p_unknown
                then 'the database was restored: it may have been sent before' end,
            settled_at = case when p_unknown then now() end,
            next_attempt_at = case when not p_unknown
                then q.next_attempt_at end
        where q.status = 'queued' and (q.error = i.doubt_words
            or (p_unknown and q.queued_at <= i.doubt_since))
        returning q.*
    loop
        if p_unknown then
            perform pg_notify('genhook_request_settled', r.id::text);
        end if;
        return next r;
    end loop;
end
$$;
comment on function genhook.resume_sending(boolean) is
    'A person''s word that this database sends the requests from now on, though it looks like a copy; with p_unknown those that were queued by then become unknown, since they may have been sent. Returns the requests that had to wait.';

create or replace function genhook.held_because(p_provider text, p_account text)
returns text
language sql
stable
security definer
set search_path = genhook, pg_temp
as $$
    select coalesce(
        (select i.doubt_words from identity i where i.doubt is not null),
        (select format('the account is paused until %s: %s',
                to_char(a.not_before, 'YYYY-MM-DD HH24:MI:SS'),
                concat_ws(': ', a.trouble, a.reason))
            from accounts a
            where a.provider = p_provider and a.account = p_account
                and a.not_before > now()))
$$;
comment on function genhook.held_because(text, text) is
    'Why no request of that account is sent now, in words; NULL: nothing holds them.';
