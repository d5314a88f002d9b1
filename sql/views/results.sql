-- What applications read.

create or replace view genhook.task_results as
    select t.provider, t.task_id, t.status, t.model, t.account,
        t.error_code, t.error_message, t.is_test, t.submitted_at,
        t.finished_at, t.metadata,
        coalesce((select jsonb_agg(jsonb_build_object(
                'position', o.position, 'status', o.status, 'kind', o.kind,
                'location', o.location, 'text', o.inline_text,
                'bytes', o.bytes, 'sha256', o.sha256,
                'content_type', o.content_type) order by o.position)
            from genhook.outputs o
            where o.provider = t.provider and o.task_id = t.task_id),
            '[]') as outputs
    from genhook.tasks t;
comment on view genhook.task_results is
    'What an application reads: a task with its outputs as one JSON array.';
comment on column genhook.task_results.provider is 'novita, apimart, apixo or wavespeed.';
comment on column genhook.task_results.task_id is 'The provider''s own id of the task.';
comment on column genhook.task_results.status is 'pending, succeeded, failed, cancelled, or lost: nobody could say.';
comment on column genhook.task_results.model is 'The model as submitted; APIXO cannot be polled without it.';
comment on column genhook.task_results.account is 'The account (API key) it belongs to: a section title in genhook.conf.';
comment on column genhook.task_results.error_code is 'The provider''s error code as text; timeout, not_found and gave_up are ours.';
comment on column genhook.task_results.error_message is 'The provider''s words for the failure.';
comment on column genhook.task_results.is_test is 'A mock event of a provider''s test mode.';
comment on column genhook.task_results.submitted_at is 'When the provider took it or, where it does not say, when it was registered.';
comment on column genhook.task_results.finished_at is 'When the provider finished it or, where it does not say, when we heard.';
comment on column genhook.task_results.metadata is 'Whatever the application gave to register_task().';
comment on column genhook.task_results.outputs is 'Its outputs in order, each an object with position, status, kind, location, text, bytes, sha256 and content_type.';

create or replace view genhook.request_results as
    select r.id, r.status as request_status, coalesce(r.error,
            t.error_message) as error,
        r.provider, r.task_id, t.status as task_status, r.model, r.account,
        r.metadata, r.queued_at, r.settled_at, t.finished_at, t.outputs
    from genhook.requests r
    left join genhook.task_results t on t.provider = r.provider
        and t.task_id = r.task_id;
comment on view genhook.request_results is
    'What an application reads by the id of its request: what became of it, and the task with its outputs as one JSON array.';
comment on column genhook.request_results.id is 'Number of the request.';
comment on column genhook.request_results.request_status is 'queued, sending, submitted, refused or unknown.';
comment on column genhook.request_results.error is 'Why the request was refused, is unknown or has to wait, else the provider''s words for the task''s failure.';
comment on column genhook.request_results.provider is 'novita, apimart, apixo or wavespeed.';
comment on column genhook.request_results.task_id is 'The task at the provider, once submitted.';
comment on column genhook.request_results.task_status is 'The task''s status; NULL while there is no task.';
comment on column genhook.request_results.model is 'The model, as the provider''s page writes it.';
comment on column genhook.request_results.account is 'Whose API key: a section title in genhook.conf.';
comment on column genhook.request_results.metadata is 'Your own; goes to the task.';
comment on column genhook.request_results.queued_at is 'When it was inserted.';
comment on column genhook.request_results.settled_at is 'When it became submitted, refused or unknown.';
comment on column genhook.request_results.finished_at is 'When the task ended.';
comment on column genhook.request_results.outputs is 'The task''s outputs, as in task_results.';
