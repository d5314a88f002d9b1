-- What genhook needs of a cluster, for a superuser (genhook init makes it, with the
-- names filled in): the owner of the schema, the login of handlers, sweep and page,
-- and the roles between them.  A second time it changes nothing that is there.
do $genhook_init$
declare
    owner   text := @OWNER_TEXT@;
    runner  text := @RUNNER_TEXT@;
    secret  text := @PASSWORD_TEXT@;
    r       text;
begin
    foreach r in array array[owner, runner]
    loop
        if to_regrole(quote_ident(r)) is null then
            execute format('create role %I login', r);
            if secret is not null then
                execute format('alter role %I password %L', r, secret);
            end if;
        end if;
    end loop;
    foreach r in array array['genhook_receiver', 'genhook_sweeper',
        'genhook_app', 'genhook_reader', 'genhook_operator']
    loop
        if to_regrole(r) is null then
            execute format('create role %I nologin', r);
        end if;
        execute format('grant %I to %I with admin option', r, owner);
        if runner <> owner and r <> 'genhook_app' then
            execute format('grant %I to %I', r, runner);
        end if;
    end loop;
end
$genhook_init$;
