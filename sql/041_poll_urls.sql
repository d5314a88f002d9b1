-- Where a task's state is told, where its provider said so when it was submitted.
alter table genhook.tasks add column poll_url text
    constraint tasks_poll_url_is_bounded
        check (length(poll_url) between 1 and 2000);
comment on column genhook.tasks.poll_url is
    'Where its state is told, as the answer to its submit had it; NULL: at the provider''s usual address. Only an address of the provider''s own API is asked.';

drop function if exists genhook.register_task(text, text, text, text, jsonb);
drop function if exists genhook.finish_request(bigint, text, text, text, text,
    interval);
drop function if exists genhook.claim_polls(text, text, interval, interval,
    integer, text, integer);
drop function if exists genhook.claim_outputs(text, interval, integer, text,
    text);
