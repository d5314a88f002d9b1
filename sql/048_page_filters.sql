-- The page's filters offer what the database knows, a paused account is tried at
-- once by a button, and attention is cheaper to plan.
comment on column genhook.actions.action is 'What was asked for: retry_outputs, repoll_tasks, cancel_tasks, replay_deliveries, requeue_request, settle_request, cancel_request, retry_forwards, resume_accounts or set_aside.';
