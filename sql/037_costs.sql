-- What a task cost: as its provider says, or by a list of prices.
alter table genhook.tasks add column cost numeric;
comment on column genhook.tasks.cost is
    'What it cost in US dollars, where the provider''s result says it.';

create table genhook.prices (
    provider genhook.provider_name not null,
    model    text    not null default '',
    price    numeric not null,
    per      text    not null default 'task',
    primary key (provider, model),
    constraint prices_price_from_zero check (price >= 0
        and price < 'infinity'),
    constraint prices_per_what check (per in ('task', 'output'))
);
comment on table genhook.prices is
    'What models cost, in US dollars, for the page: of tasks whose provider does not say it.  Yours to fill.';
comment on column genhook.prices.provider is 'The provider.';
comment on column genhook.prices.model is 'The model; empty: all models of the provider that have no row.';
comment on column genhook.prices.price is 'US dollars.';
comment on column genhook.prices.per is 'task: for each task that succeeded. output: for each of its outputs.';
