-- Who may do what.  The roles cannot log in; they are given to logins.  A database
-- user that may not create roles (shared hosting) goes on without them: then the
-- owner does everything.
do $$
declare
    r text;
begin
    foreach r in array array['genhook_receiver', 'genhook_sweeper',
        'genhook_app', 'genhook_reader', 'genhook_operator']
    loop
        if to_regrole(r) is null then
            execute format('create role %I nologin', r);
        end if;
    end loop;
exception when insufficient_privilege then
    raise notice 'roles not created: % may not; the owner does everything',
        current_user;
end
$$;

-- All grants.  Roles are the cluster's, so that a role made later, or a database
-- restored into another cluster, has none: `genhook migrate` calls this each time.
-- What nobody granted nobody may: PostgreSQL lets everybody execute a new function,
-- and a schema's default privileges cannot take that back.
create or replace function genhook.grant_roles()
returns setof text
language plpgsql
set search_path = genhook, pg_temp
as $$
declare
    what    text;
    name    text;
    may     text;
    missing text[] := '{}';
begin
    for what in
        select o.what
        from (select 'schema genhook', n.nspowner, n.nspacl
            from pg_namespace n where n.nspname = 'genhook'
            union all
            select format('table %s', c.oid::regclass), c.relowner, c.relacl
            from pg_class c
            where c.relnamespace = 'genhook'::regnamespace
                and c.relkind in ('r', 'p', 'v')
            union all
            select format('routine %s', p.oid::regprocedure), p.proowner,
                coalesce(p.proacl, acldefault('f', p.proowner))
            from pg_proc p
            where p.pronamespace = 'genhook'::regnamespace
        ) as o(what, owner, acl)
        where exists (select from aclexplode(o.acl) as a where a.grantee = 0)
            and pg_has_role(o.owner, 'usage')
    loop
        execute format('revoke all on %s from public', what);
    end loop;
    for name, may in
        select r, g
        from (values
            ('genhook_receiver', 'usage on schema genhook'),
            ('genhook_receiver', 'execute on function schema_version, receive, notify_finished, tell_work_due'),

            ('genhook_sweeper', 'usage on schema genhook'),
            ('genhook_sweeper', 'execute on function schema_version, receive, notify_finished, tell_work_due'),
            ('genhook_sweeper', 'execute on function start_sweep, beat_sweep, finish_sweep, note_settings'),
            ('genhook_sweeper', 'execute on function claim_polls, release_polls, note_poll, give_up_tasks'),
            ('genhook_sweeper', 'execute on function pause_account, trouble_account, account_is_well'),
            ('genhook_sweeper', 'execute on function claim_outputs, release_outputs, renew_output, store_outputs, fail_output, embedded_content'),
            ('genhook_sweeper', 'execute on function claim_replays, finish_replays'),
            ('genhook_sweeper', 'execute on function claim_thumbs, finish_thumb, retain_thumbs'),
            ('genhook_sweeper', 'execute on function claim_requests, finish_request, expire_requests, note_stray_requests'),
            ('genhook_sweeper', 'execute on function identify_database, doubt_database, held_because'),
            ('genhook_sweeper', 'execute on function retain_deliveries, count_traffic, count_days, note_tokens'),
            ('genhook_sweeper', 'execute on function next_due, note_attention, alerts_told'),
            ('genhook_sweeper', 'execute on function note_forwards, queue_forwards, due_forwards, claim_forwards, finish_forward'),
            ('genhook_sweeper', 'select on pending_tasks, due_outputs, sweeps'),
            ('genhook_sweeper', 'select (id, provider, model, account, status, attempts, queued_at, next_attempt_at) on requests'),
            ('genhook_sweeper', 'select on accounts'),
            ('genhook_sweeper', 'execute on function lock_moves, need_moves_lock, movable_outputs, count_movable, settle_moves, old_copies, forget_copies'),

            ('genhook_app', 'usage on schema genhook'),
            ('genhook_app', 'execute on function schema_version, register_task, cancel_requests, held_because'),
            ('genhook_app', 'select on tasks, outputs, requests, pending_tasks, due_outputs, task_results, request_results, forwards'),
            ('genhook_app', 'insert (provider, model, account, request, metadata, path, callback, test_mode) on requests'),

            ('genhook_reader', 'usage on schema genhook'),
            ('genhook_reader', 'execute on function schema_version, schema_drift, objects_now, is_test_task, wal_advice'),
            ('genhook_reader', 'execute on function count_unanswered, uncounted_traffic, uncounted_announced, token_use, held_because, tasks_of_request'),
            ('genhook_reader', 'select on tasks, outputs, requests, sweeps, accounts, settings, hours, days, marks, migrations, objects, replays, mends, tokens, identity'),
            ('genhook_reader', 'select on pending_tasks, due_outputs, task_results, request_results'),
            ('genhook_reader', 'select on attention, every_attention, request_attention, provider_health, account_health, traffic'),
            ('genhook_reader', 'select on unknown_accounts, configured_accounts, sweep_health, lost_outputs'),
            ('genhook_reader', 'select on actions, set_asides, thumbs, prices, forwards, forward_targets, forward_attention'),
            ('genhook_reader', 'execute on function attention_key, told_cost, told_credits, price_of, web_session_lives, web_known'),
            ('genhook_reader', 'select on alerts, totals, moves'),
            ('genhook_reader', 'execute on function count_movable'),
            ('genhook_reader', 'execute on function note_alerts, alerts_told, metric_label, metric_names, metric_values, metrics'),
            ('genhook_reader', 'execute on function web_limit, web_next, web_prompt, web_days_until, web_search'),
            ('genhook_reader', 'execute on function web_task_rows, web_tasks_found, web_tasks_asked, web_tasks_walked, web_tasks, web_request_counts'),
            ('genhook_reader', 'execute on function web_life, web_task, web_file, web_thumb, has_thumb'),
            ('genhook_reader', 'execute on function web_output_rows, web_gallery_files, web_gallery_by_task, web_gallery'),
            ('genhook_reader', 'execute on function web_attention, web_requests, web_sweeps, web_cost, web_overview'),
            ('genhook_reader', 'select (id, received_at, provider, task_id, account, source, outcome, verdict, remote_addr, headers, note, body_digest, token) on deliveries'),

            ('genhook_operator', 'usage on schema genhook'),
            ('genhook_operator', 'execute on function schema_version, web_session_lives, web_sign_in, web_body, web_action'),
            ('genhook_operator', 'select, insert, update, delete on prices'),
            ('genhook_operator', 'execute on function retry_outputs, repoll_tasks, cancel_tasks, replay_deliveries, retry_forwards'),
            ('genhook_operator', 'execute on function lock_moves, need_moves_lock, movable_outputs, count_movable, settle_moves, old_copies, forget_copies'),
            ('genhook_operator', 'execute on function requeue_requests, settle_request, cancel_requests, set_aside, resume_accounts')
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
    'Gives each of genhook''s roles what it may do, for roles made later or in another cluster; returns those that are not there. Takes from everybody what nobody granted.';

alter default privileges in schema genhook revoke execute on functions
    from public;
do $$
begin
    perform genhook.grant_roles();
end
$$;
