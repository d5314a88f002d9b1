-- The grants in one place, to be made once more: the migrations make them for
-- roles that are there, and roles are the cluster's, so that one made later, or
-- a database restored into another cluster, would have none.  `genhook migrate`
-- calls this at its end; a migration that adds a grant adds it here too.

create function genhook.grant_roles()
returns setof text
language plpgsql
set search_path = genhook, pg_temp
as $$
declare
    name    text;
    may     text;
    missing text[] := '{}';
begin
    for name, may in
        select r, g
        from (values
            ('genhook_receiver', 'usage on schema genhook'),
            ('genhook_receiver', 'execute on function schema_version, receive, notify_finished'),

            ('genhook_sweeper', 'usage on schema genhook'),
            ('genhook_sweeper', 'execute on function schema_version, receive, notify_finished'),
            ('genhook_sweeper', 'execute on function start_sweep, beat_sweep, finish_sweep'),
            ('genhook_sweeper', 'execute on function claim_polls, release_polls, note_poll, give_up_tasks, pause_account'),
            ('genhook_sweeper', 'execute on function claim_outputs, release_outputs, renew_output, store_outputs, fail_output'),
            ('genhook_sweeper', 'execute on function claim_replays, finish_replays'),
            ('genhook_sweeper', 'execute on function claim_requests, finish_request, expire_requests'),
            ('genhook_sweeper', 'execute on function retain_deliveries, count_traffic'),
            ('genhook_sweeper', 'select on pending_tasks, due_outputs, sweeps'),
            ('genhook_sweeper', 'select (id, provider, model, account, status, attempts, queued_at, next_attempt_at) on requests'),

            ('genhook_app', 'usage on schema genhook'),
            ('genhook_app', 'execute on function schema_version, register_task, cancel_requests'),
            ('genhook_app', 'select on tasks, outputs, requests, pending_tasks, due_outputs, task_results, request_results'),
            ('genhook_app', 'insert (provider, model, account, request, metadata, path, callback, test_mode) on requests'),

            ('genhook_reader', 'usage on schema genhook'),
            ('genhook_reader', 'execute on function schema_version, schema_drift, objects_now, is_test_task'),
            ('genhook_reader', 'execute on function count_unanswered, uncounted_traffic, uncounted_announced'),
            ('genhook_reader', 'select on tasks, outputs, requests, sweeps, accounts, hours, marks, migrations, objects, replays'),
            ('genhook_reader', 'select on pending_tasks, due_outputs, task_results, request_results'),
            ('genhook_reader', 'select on attention, request_attention, provider_health, account_health, traffic'),
            ('genhook_reader', 'select (id, received_at, provider, task_id, account, source, outcome, verdict, remote_addr, headers, note, body_digest) on deliveries')
        ) as grants (r, g)
    loop
        if to_regrole(name) is not null then
            execute format('grant %s to %I', may, name);
        elsif name <> all (missing) then
            missing := missing || name;
            return next name;
        end if;
    end loop;
end
$$;
comment on function genhook.grant_roles() is
    'Gives each of genhook''s roles what it may do, for roles made later or in another cluster; returns those that are not there.';
revoke execute on function genhook.grant_roles from public;
