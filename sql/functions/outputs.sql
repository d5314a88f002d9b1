-- Outputs: which files to download, and what became of each download.

-- An output that was never tried is due at once, whatever next_attempt_at says:
-- the database's clock may have been wrong when the output came.
create or replace function genhook.claim_outputs(p_owner text, p_lease interval,
    p_limit integer, p_provider text default null,
    p_task_id text default null)
returns table (provider text, task_id text, "position" integer, kind text,
    url text, expires_at timestamptz, attempts integer,
    finished_at timestamptz, account text, model text, outputs integer,
    paused boolean, fresh_link boolean, poll_url text)
language sql
security definer
set search_path = genhook, pg_temp
as $$
    -- Its commit waits for the disk: of a lease that a crash of the server forgot
    -- there would be two holders, and the row could tell of the other's bytes.
    with due as (
        select o.provider, o.task_id, o.position, o.fresh_link
        from outputs o
        where o.status = 'pending' and (o.next_attempt_at <= now() or o.attempts = 0)
            and (o.leased_until is null or o.leased_until < now())
            and (p_provider is null or o.provider = p_provider)
            and (p_task_id is null or o.task_id = p_task_id)
        order by coalesce(o.expires_at, '-infinity'::timestamptz)
        limit p_limit
        for update skip locked
    ), claimed as (
        update outputs o set attempts = o.attempts + 1,
            leased_until = now() + p_lease, lease_owner = p_owner,
            fresh_link = false
        from due
        where o.provider = due.provider and o.task_id = due.task_id
            and o.position = due.position
        returning o.*, due.fresh_link as ask
    )
    select c.provider, c.task_id, c.position, c.kind, c.url, c.expires_at,
        c.attempts, t.finished_at, t.account, t.model,
        (select count(*)::integer from outputs n
            where n.provider = c.provider and n.task_id = c.task_id),
        exists (select from accounts a where a.provider = c.provider
            and a.account = t.account and a.not_before > now()
            and a.trouble is distinct from 'no credit'), c.ask, t.poll_url
    from claimed c
    left join tasks t on t.provider = c.provider and t.task_id = c.task_id
    order by coalesce(c.expires_at, '-infinity'::timestamptz)
$$;
comment on function genhook.claim_outputs(text, interval, integer, text, text) is
    'Leases up to p_limit outputs that are due, soonest expiry first (unknown is urgent), to p_owner; with what it takes to ask the provider for a fresh link.';

-- Called when the files are complete at their final places.  Whoever lost the
-- lease meanwhile changes nothing.
create or replace function genhook.store_outputs(p_owner text, p_provider text[],
    p_task_id text[], p_position integer[], p_location text[],
    p_bytes bigint[], p_sha256 text[], p_content_type text[], p_etag text[])
returns setof integer
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with done as (
        update outputs o set status = 'stored', location = b.location,
            bytes = b.bytes, sha256 = b.sha256,
            content_type = b.content_type, etag = b.etag,
            stored_at = now(), next_attempt_at = null, leased_until = null,
            lease_owner = null, last_error = null
        from unnest(p_provider, p_task_id, p_position, p_location, p_bytes,
                p_sha256, p_content_type, p_etag) with ordinality
            as b(provider, task_id, position, location, bytes, sha256,
                content_type, etag, n)
        where o.provider = b.provider and o.task_id = b.task_id
            and o.position = b.position and o.status = 'pending'
            and o.lease_owner = p_owner
        returning o.provider, o.task_id, o.position, o.url, b.n
    ), emptied as (
        delete from embedded e using done d
        where e.provider = d.provider and e.task_id = d.task_id
            and e.position = d.position and d.url like 'data:%'
    )
    select n::integer from done
$$;
comment on function genhook.store_outputs(text, text[], text[], integer[], text[], bigint[], text[], text[], text[]) is
    'The files are complete at their final places; returns the places in the arrays, from 1, of those whose row took it: the others'' leases were lost.';

create or replace function genhook.embedded_content(p_owner text,
    p_provider text, p_task_id text, p_position integer)
returns bytea
language sql
stable
security definer
set search_path = genhook, pg_temp
as $$
    select e.content from embedded e
    join outputs o using (provider, task_id, position)
    where e.provider = p_provider and e.task_id = p_task_id
        and e.position = p_position and o.lease_owner = p_owner
$$;
comment on function genhook.embedded_content(text, text, text, integer) is
    'The file that came within the payload, for whoever has the output''s lease; NULL where there is none.';

-- The provider gave a new link for the same file.
create or replace function genhook.renew_output(p_provider text, p_task_id text,
    p_position integer, p_owner text, p_url text, p_expires_at timestamptz,
    p_expires_source text)
returns boolean
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with done as (
        update outputs set url = p_url, expires_at = p_expires_at,
            expires_source = p_expires_source
        where provider = p_provider and task_id = p_task_id
            and position = p_position and status = 'pending'
            and lease_owner = p_owner
        returning 1)
    select exists (select from done)
$$;
comment on function genhook.renew_output(text, text, integer, text, text, timestamptz, text) is
    'Replaces the link of an output under lease by a fresh one. False if the lease was lost.';

-- p_status pending: tried again after p_retry_after; uncounted: likewise, as if it
-- had not been tried (but for a first time, as what was never tried is due at
-- once); held: likewise, and the whole file waits on the caller's machine for its
-- store; expired, failed: given up.  A link that lives by this clock is not expired,
-- whatever the caller's clock says.
-- With an archive in S3 only the machine that has a file whole can send it, and
-- while the store is away any sweep may claim the row: one that finds the link
-- dead gives up nothing that another machine still holds.
create or replace function genhook.fail_output(p_provider text,
    p_task_id text, p_position integer, p_owner text, p_status text,
    p_words text, p_retry_after interval)
returns boolean
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with row as (
        select *, p_status in ('expired', 'failed')
                and coalesce(held_until > now(), false) as kept,
            p_status = 'expired'
                and coalesce(expires_at > now(), false) as alive
        from outputs
        where provider = p_provider and task_id = p_task_id
            and position = p_position and status = 'pending'
            and lease_owner = p_owner
        for update
    ), done as (
        update outputs o set
            status = case when r.kept or r.alive or
                    p_status in ('uncounted', 'held') then 'pending'
                else p_status end,
            attempts = case p_status when 'uncounted'
                then greatest(o.attempts - 1, 1) else o.attempts end,
            last_error = case when r.kept
                then left(format('%s has the file for the store; here: %s',
                    r.held_by, p_words), 2000)
                else p_words end,
            next_attempt_at = case
                when r.kept or r.alive then now() + interval '10 minutes'
                when p_status in ('pending', 'uncounted', 'held')
                    then now() + p_retry_after end,
            held_until = case p_status when 'held'
                then now() + interval '1 day' else o.held_until end,
            held_by = case p_status when 'held' then p_owner
                else o.held_by end,
            given_up_at = case when p_status in ('expired', 'failed')
                and not r.kept then now() else o.given_up_at end,
            leased_until = null, lease_owner = null
        from row r
        where o.provider = r.provider and o.task_id = r.task_id
            and o.position = r.position
        returning r.kept or r.alive as refused)
    select exists (select from done where not refused)
$$;
comment on function genhook.fail_output(text, text, integer, text, text, text, interval) is
    'An attempt failed: retried later (pending; uncounted: and the attempt does not count; held: and the whole file waits at the caller''s), or given up (expired, failed), but not while another one holds the file, nor is a link expired that lives: then it is retried. False if the lease was lost or nothing was given up.';

-- Called when a run ends before it came to all that it had leased.
create or replace function genhook.release_outputs(p_owner text)
returns integer
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with freed as (
        update outputs set leased_until = null, lease_owner = null,
            attempts = greatest(attempts - 1, 0)
        where lease_owner = p_owner and status = 'pending'
        returning 1)
    select count(*)::integer from freed
$$;
comment on function genhook.release_outputs(text) is
    'Gives back the leases that a run did not use; returns how many.';

-- Planned for what is asked each time: one plan for a task, a provider and all
-- would walk through the whole table.
create or replace function genhook.retry_outputs(
    p_provider text default null, p_task_id text default null,
    p_status text default null)
returns setof genhook.outputs
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
begin
    return query
    with chosen as materialized (
        select d.provider, d.task_id, d.position from outputs d
        where d.status = any (case
                when p_status is null then array['expired', 'failed']
                when p_status in ('pending', 'expired', 'failed')
                    then array[p_status] end)
            and d.lease_owner is null
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked)
    update outputs o set status = 'pending', next_attempt_at = now(),
        attempts = 0, last_error = null,
        fresh_link = o.fresh_link or (p_provider is not null
            and p_task_id is not null and o.status <> 'pending')
    from chosen c
    where o.provider = c.provider and o.task_id = c.task_id
        and o.position = c.position
    returning o.*;
    -- A final task without any output, by its name.
    if p_provider is not null and p_task_id is not null
        and coalesce(p_status, 'failed') <> 'pending'
    then
        perform open_mend(p_provider, p_task_id);
    end if;
    perform tell_work_due();
end
$$;
comment on function genhook.retry_outputs(text, text, text) is
    'Downloads again what was given up (expired, failed), or with p_status => ''pending'' what waits for a retry: of a provider, of a task, or all. Of a task named by provider and id, the provider is asked for fresh links first; and where that task has no output at all, it is asked about the task again (table mends).';
