-- Who may do what.  The roles cannot log in; give them to logins of your own.
-- A database user that may not create roles (shared hosting) goes on without
-- them: then the owner does everything.

do $$
declare
    r text;
begin
    foreach r in array array['genhook_receiver', 'genhook_sweeper',
        'genhook_app', 'genhook_reader']
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

revoke all on schema genhook from public;
revoke all on all tables in schema genhook from public;
revoke execute on all functions in schema genhook from public;
alter default privileges in schema genhook revoke execute on functions
    from public;

do $$
declare
    g text;
    r text;
begin
    for r, g in values
        ('genhook_receiver', 'usage on schema genhook'),
        ('genhook_receiver', 'execute on function genhook.schema_version'),
        ('genhook_receiver', 'execute on function genhook.receive'),
        ('genhook_receiver', 'execute on function genhook.notify_finished'),

        ('genhook_sweeper', 'usage on schema genhook'),
        ('genhook_sweeper', 'execute on function genhook.schema_version'),
        ('genhook_sweeper', 'execute on function genhook.receive'),
        ('genhook_sweeper', 'execute on function genhook.notify_finished'),
        ('genhook_sweeper', 'execute on function genhook.start_sweep'),
        ('genhook_sweeper', 'execute on function genhook.beat_sweep'),
        ('genhook_sweeper', 'execute on function genhook.finish_sweep'),
        ('genhook_sweeper', 'execute on function genhook.claim_polls'),
        ('genhook_sweeper', 'execute on function genhook.note_poll'),
        ('genhook_sweeper', 'execute on function genhook.pause_account'),
        ('genhook_sweeper', 'execute on function genhook.give_up_tasks'),
        ('genhook_sweeper', 'execute on function genhook.claim_outputs'),
        ('genhook_sweeper', 'execute on function genhook.renew_output'),
        ('genhook_sweeper', 'execute on function genhook.store_outputs'),
        ('genhook_sweeper', 'execute on function genhook.fail_output'),
        ('genhook_sweeper', 'execute on function genhook.release_outputs'),
        ('genhook_sweeper', 'execute on function genhook.retain_deliveries'),
        ('genhook_sweeper', 'select on genhook.pending_tasks, genhook.due_outputs, genhook.sweeps'),

        ('genhook_app', 'usage on schema genhook'),
        ('genhook_app', 'execute on function genhook.schema_version'),
        ('genhook_app', 'execute on function genhook.register_task'),
        ('genhook_app', 'select on genhook.tasks, genhook.outputs, genhook.pending_tasks, genhook.due_outputs, genhook.task_results'),

        ('genhook_reader', 'usage on schema genhook'),
        ('genhook_reader', 'execute on function genhook.schema_version'),
        ('genhook_reader', 'select on genhook.tasks, genhook.outputs, genhook.sweeps, genhook.accounts, genhook.migrations, genhook.pending_tasks, genhook.due_outputs, genhook.attention, genhook.provider_health, genhook.task_results'),
        ('genhook_reader', 'select (id, received_at, provider, task_id, account, source, outcome, verdict, remote_addr, headers, note, body_digest) on genhook.deliveries')
    loop
        if to_regrole(r) is not null then
            execute format('grant %s to %I', g, r);
        end if;
    end loop;
end
$$;
