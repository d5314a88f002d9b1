-- What waits: for a final state, and for a download.

create or replace view genhook.pending_tasks as
    select provider, task_id, account, model, submitted_at,
        date_trunc('second', now() - submitted_at) as waiting,
        polls, next_poll_at, last_poll_error
    from genhook.tasks
    where status = 'pending'
    order by submitted_at;
comment on view genhook.pending_tasks is
    'Tasks without a final state, the longest waiting first.';
comment on column genhook.pending_tasks.provider is 'novita, apimart, apixo or wavespeed.';
comment on column genhook.pending_tasks.task_id is 'The provider''s own id of the task.';
comment on column genhook.pending_tasks.account is 'The account (API key) it belongs to: a section title in genhook.conf.';
comment on column genhook.pending_tasks.model is 'The model as submitted; APIXO cannot be polled without it.';
comment on column genhook.pending_tasks.submitted_at is 'When the provider took it or, where it does not say, when it was registered.';
comment on column genhook.pending_tasks.waiting is 'Time since it was submitted.';
comment on column genhook.pending_tasks.polls is 'How often the status API was asked.';
comment on column genhook.pending_tasks.next_poll_at is 'Not asked again before then; NULL while the first wait for the callback lasts.';
comment on column genhook.pending_tasks.last_poll_error is 'Why the last poll brought nothing; NULL after a good one.';

create or replace view genhook.due_outputs as
    select provider, task_id, position, kind, expires_at,
        date_trunc('second', expires_at - now()) as time_left,
        attempts, next_attempt_at, leased_until, last_error, url
    from genhook.outputs
    where status = 'pending'
    order by coalesce(expires_at, '-infinity'::timestamptz);
comment on view genhook.due_outputs is
    'Outputs not yet fetched, in the order in which the sweep takes them.';
comment on column genhook.due_outputs.provider is 'The task''s provider.';
comment on column genhook.due_outputs.task_id is 'The task''s id.';
comment on column genhook.due_outputs.position is 'Place among the task''s outputs, from 0, as in the payload.';
comment on column genhook.due_outputs.kind is 'image, video, audio, file or text.';
comment on column genhook.due_outputs.expires_at is 'When the link ends; NULL when nobody says, which is treated as urgent.';
comment on column genhook.due_outputs.time_left is 'Until the link ends; NULL when nobody says, which is treated as urgent.';
comment on column genhook.due_outputs.attempts is 'Downloads begun.';
comment on column genhook.due_outputs.next_attempt_at is 'Not tried before then.';
comment on column genhook.due_outputs.leased_until is 'A sweep is fetching it; until then no other one will.';
comment on column genhook.due_outputs.last_error is 'Why the last attempt failed.';
comment on column genhook.due_outputs.url is 'The provider''s link.';
