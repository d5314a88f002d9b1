-- The page's search and its outbox ask indexes for what they asked tables for.
drop function if exists genhook.web_task_counts();
