# make            the programs, into build/bin
# make run        a whole genhook in RUN_DIR, from a fresh Debian machine on
# make stop       ends it
# make test       everything a change must pass, from a fresh machine on
# make lint       warnings as errors with gcc and clang, and the house rules
# make asan       the tests under AddressSanitizer and UBSan
# make memcheck   the programs and unit tests under valgrind
# make tsan       the same under ThreadSanitizer
# make coverage   which lines of what decides over loss the unit tests reach
# make mutants    small faults, one at a time: the tests have to see each
# make prove      kills, power cuts and faults for MINUTES: nothing is lost
# make fuzz       what reads foreign bytes under libFuzzer, FUZZ_SECONDS each
# make bench      how fast callbacks are taken, beside other ways to take them
# make new-provider NAME=acme: the files of one more, from a skeleton
# make deb        a Debian package, in build/deb
# make bundle     programs and libraries for a shared host, in build
# make install    DESTDIR= PREFIX=/usr/local
MAKEFLAGS += --no-builtin-rules

PORT        = 8080
RUN_DIR     = ./run
DEMO        = 1
SWEEP_EVERY = 10
SIMULATOR   =
NAME        =

PREFIX  = /usr/local
BUILD   = build
CC      = cc
CFLAGS  = -O2 -g
LDFLAGS =
SAN     =

# The one list of providers is handlers/registry.def.
PROVIDERS := $(shell sed -n 's/^PROVIDER(\(.*\))$$/\1/p' handlers/registry.def)
UNITS     := $(patsubst tests/test_%.c,%,$(wildcard tests/test_*.c))

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
       -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wvla -Wundef
HARD = $(if $(SAN),,-fstack-protector-strong -D_FORTIFY_SOURCE=2)

# The packages may not be there yet: `make run` and `make test` install them
# and then call make again.
PKGS       := json-c yajl libpq libcurl libcrypto libconfuse libmagic
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS       := -ljson-c -lyajl -lpq -lcurl -lcrypto -lconfuse -lmagic

ALL_CFLAGS  = -std=gnu11 -D_GNU_SOURCE -I. -I$(BUILD)/gen -pthread -fPIE $(WARN) \
	      $(HARD) $(PKG_CFLAGS) $(CFLAGS) $(SAN)
ALL_LDFLAGS = -pthread -pie -Wl,--as-needed,-z,relro,-z,now $(LDFLAGS) $(SAN)

# A program for each, and one for all of them.
HANDLERS := $(PROVIDERS:%=$(BUILD)/bin/genhook-%) $(BUILD)/bin/genhook-hook
PROGRAMS := $(HANDLERS) $(BUILD)/bin/genhook-web \
	    $(BUILD)/bin/genhook-sweep $(BUILD)/bin/genhook \
	    $(BUILD)/bin/genhook-thumb \
	    $(BUILD)/bin/genhook-simulator
CHECKS   := $(UNITS:%=$(BUILD)/tests/test_%)

all: $(PROGRAMS)

# Those that are installed: all but the simulator.
programs: $(filter-out %-simulator,$(PROGRAMS))

# The layers, lowest first (tests/lint/layers holds them apart).  An archive, so
# that a program takes only the objects, and with --as-needed only the
# libraries, that it uses.
FOLDERS  := lib net thumb handlers common server archive web batch batch/download \
	    batch/forward
LIB      := $(BUILD)/libgenhook.a
LIB_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c, \
	      $(wildcard $(FOLDERS:%=%/*.c))))

$(LIB): $(LIB_OBJS)
	@rm -f $@
	$(AR) rcs $@ $^

# The schema travels inside of the programs that need it (sql/README.md): the
# numbered files each, the repeatable ones as one text, and the comments of the
# baseline by themselves.
NUMBERED   := $(sort $(wildcard sql/[0-9]*.sql))
REPEATABLE := $(foreach d,functions views grants,$(sort $(wildcard sql/$d/*.sql)))
GEN        := $(BUILD)/gen
$(GEN)/schema_version.h: $(NUMBERED)
	@mkdir -p $(@D)
	printf '#define SCHEMA_VERSION %d\n' \
	    $$(basename $(lastword $(NUMBERED)) | sed 's/_.*//; s/^0*//') > $@
$(GEN)/repeatable.sql: $(REPEATABLE)
	@mkdir -p $(@D)
	cat $(REPEATABLE) > $@
$(GEN)/baseline_comments.sql: $(firstword $(NUMBERED))
	@mkdir -p $(@D)
	awk '/^comment on/ { on = 1 } on; /;$$/ { on = 0 }' $< > $@
$(GEN)/migrations.def: $(NUMBERED) Makefile
	@mkdir -p $(@D)
	for f in $(NUMBERED); do b=$$(basename $$f .sql); \
	    n=$$(echo $$b | sed 's/_.*//; s/^0*//'); \
	    echo "FILE_TEXT(migration_$$n, \"$$f\")"; \
	    echo "MIGRATION($$n, \"$$b\", migration_$$n)"; done > $@
	for f in repeatable baseline_comments; do \
	    echo "FILE_TEXT($${f}_sql, \"$(GEN)/$$f.sql\")"; done >> $@
	echo 'FILE_TEXT(schema_functions_sql, "sql/functions/schema.sql")' >> $@
$(BUILD)/common/database.o: $(GEN)/schema_version.h
$(GEN)/version_text.h: VERSION
	@mkdir -p $(@D)
	printf '#define VERSION_TEXT "%s"\n' "$$(cat VERSION)" > $@
$(BUILD)/lib/version.o: $(GEN)/version_text.h
$(BUILD)/cli/migrate.o: $(GEN)/migrations.def $(NUMBERED) \
    $(GEN)/repeatable.sql $(GEN)/baseline_comments.sql

$(BUILD)/cli/init_database.o: sql/init/roles.sql

# server/main.c is compiled once for each provider, and once without one.
$(PROVIDERS:%=$(BUILD)/server/main-%.o): $(BUILD)/server/main-%.o: \
    server/main.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DPROVIDER=$*_provider -MMD -MP -c $< -o $@

$(BUILD)/server/main-hook.o: server/main.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/bin/genhook-sweep: $(BUILD)/batch/main.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBS)

$(BUILD)/bin/genhook: $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c \
    cli/doctor/*.c)) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBS)

# The page's own files are part of the program.
$(BUILD)/web/page.o: $(wildcard web/page/*)

$(BUILD)/bin/genhook-web: $(BUILD)/web/main.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ -lfcgi $(LIBS)

# It reads foreign files: no library is linked, and libvips loaded where it is.
$(BUILD)/bin/genhook-thumb: $(BUILD)/thumb/main.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ -ldl

-include tests/simulator/simulator.mk
include bench/bench.mk

$(HANDLERS): $(BUILD)/bin/genhook-%: $(BUILD)/server/main-%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ -lfcgi $(LIBS)

# Functions that a test has its own versions of, by the linker's --wrap.
WRAPPED =
$(BUILD)/tests/test_db_writer: WRAPPED = pthread_create \
    run_query_any_thread
$(BUILD)/tests/test_accounts: WRAPPED = http_turn run_query db_rows_count \
    db_value db_rows_free
$(BUILD)/tests/test_polls: WRAPPED = http_start http_turn run_query \
    db_rows_count db_value db_rows_free store_deliveries db_is_connected
$(BUILD)/tests/test_submits: WRAPPED = http_start http_turn run_query \
    db_rows_count db_value db_rows_free clock_ms
$(BUILD)/tests/test_conf: WRAPPED = sha256 cfg_opt_size
$(BUILD)/tests/test_delivery: WRAPPED = db_is_connected
$(BUILD)/tests/test_file: WRAPPED = write fsync
$(BUILD)/tests/test_http: WRAPPED = socket open
$(BUILD)/tests/test_http_response: WRAPPED = http_header http_info_read \
    http_location http_count_bytes
$(BUILD)/tests/test_pool $(BUILD)/tests/test_finisher: WRAPPED = pthread_create
$(BUILD)/tests/test_spool: WRAPPED = readdir clock_ms statvfs fsync
$(BUILD)/tests/test_receive: WRAPPED = hmac_sha256 committer_submit \
    signature_verify key_file_want key_file_read
$(BUILD)/tests/test_committer: WRAPPED = store_deliveries spool_write_all \
    drain_run db_connect db_is_connected db_run
$(BUILD)/tests/test_no_memory: WRAPPED = malloc calloc realloc strdup strndup \
    db_run db_is_connected db_rows_count db_value db_rows_free
$(BUILD)/tests/test_wavespeed: WRAPPED = hmac_sha256
$(BUILD)/tests/test_store: WRAPPED = pgarray_bytes db_run \
    db_rows_count db_value db_rows_free
$(BUILD)/tests/test_db_pooled: WRAPPED = db_await PQbackendPID PQenterPipelineMode \
    PQerrorMessage PQexitPipelineMode PQfinish PQpipelineSync \
    PQresultErrorField PQresultErrorMessage PQsendQueryParams PQstatus
$(BUILD)/tests/test_process: WRAPPED = prctl setrlimit getppid
$(BUILD)/tests/test_verify: WRAPPED = worker_wait media_end
$(BUILD)/tests/test_workq: WRAPPED = pthread_mutex_lock
$(BUILD)/tests/test_s3_upload: WRAPPED = http_start http_turn \
    http_engine_free clock_ms
$(BUILD)/tests/test_rows: WRAPPED = finisher_reap db_writer_put db_writer_reap \
    db_writer_pending db_rows_count db_value db_rows_free run_query worker_wait
$(BUILD)/tests/test_drain: WRAPPED = store_deliveries \
    db_is_connected flock openat read readdir time
$(BUILD)/tests/test_leases: WRAPPED = clock_ms http_start http_turn \
    http_in_flight http_free_slots run_query run_query_any_thread \
    db_rows_count db_value db_rows_free
$(BUILD)/tests/test_job: WRAPPED = clock_ms time http_start http_turn \
    http_in_flight http_free_slots http_engine_free run_query \
    run_query_any_thread db_rows_count db_value db_bytes db_rows_free
$(BUILD)/tests/test_spool_disk $(BUILD)/tests/test_archive_disk: WRAPPED = \
    fsync syncfs write renameat openat

$(BUILD)/tests/test_model: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/model/*.c))

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(BUILD)/tests/fixture.o \
    $(LIB)
	$(CC) $(ALL_LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) $^ -o $@ -lcunit -lfcgi $(LIBS)

run:
	@deploy/packages run
	@$(MAKE) --no-print-directory -s -j2 all
	@PORT='$(PORT)' RUN_DIR='$(RUN_DIR)' DEMO='$(DEMO)' \
	    SWEEP_EVERY='$(SWEEP_EVERY)' SIMULATOR='$(SIMULATOR)' \
	    BUILD='$(BUILD)' exec deploy/run

stop:
	@deploy/stop '$(RUN_DIR)'

test:
	@deploy/packages test
	@$(MAKE) --no-print-directory -s -j2 all checks
	@BUILD='$(BUILD)' tests/run

# The tests use the benchmark's load at a constant rate.
checks: $(CHECKS) $(BUILD)/bench/openloop $(BUILD)/tests/json_bodies

$(BUILD)/tests/json_bodies: $(BUILD)/tests/json_bodies.o $(LIB)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBS)

# gcc and clang, a variant each, warnings as errors; then the house rules.
lint:
	@deploy/packages lint
	@for cc in gcc clang; do $(MAKE) --no-print-directory -s -j2 \
	    BUILD=build-lint-$$cc CC=$$cc CFLAGS='-O2 -g -Werror' \
	    all bench-programs checks || exit 1; done
	@BUILD=build-lint-gcc tests/lint/run

# The whole of `make test`, with every memory error and every undefined
# behaviour an abort.
asan:
	@deploy/packages test
	@$(MAKE) --no-print-directory -s -j2 BUILD=build-asan \
	    CFLAGS='-O1 -g -fno-omit-frame-pointer' \
	    SAN='-fsanitize=address,undefined -fno-sanitize-recover=all' \
	    all checks
	@BUILD=build-asan ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 \
	    UBSAN_OPTIONS=print_stacktrace=1 tests/run

# Every unit test, and every answer and a whole bad day of the sweep, with the
# programs under valgrind.
memcheck:
	@deploy/packages memcheck
	@$(MAKE) --no-print-directory -s -j2 all checks
	@BUILD='$(BUILD)' tests/memcheck

# Likewise, for what threads do to each other.
tsan:
	@deploy/packages test
	@$(MAKE) --no-print-directory -s -j2 BUILD=build-tsan \
	    CFLAGS='-O1 -g -fno-omit-frame-pointer' SAN='-fsanitize=thread' \
	    all checks
	@BUILD=build-tsan CHECKER=tsan tests/memcheck

# Figures and a plot into bench/; BENCH_BIG=1 adds ten million tasks.
bench:
	@deploy/packages bench
	@$(MAKE) --no-print-directory -s -j2 all bench-programs
	@BUILD='$(BUILD)' bench/run

FUZZ_SECONDS = 60
FUZZERS      = parse media gate spool head settings s3 embedded expiry
fuzz:
	@deploy/packages fuzz
	@$(MAKE) --no-print-directory -s -j2 BUILD=build-fuzz CC=clang \
	    SAN='-fsanitize=fuzzer-no-link,address,undefined' \
	    build-fuzz/libgenhook.a \
	    $(FUZZERS:%=build-fuzz/tests/fuzz/fuzz_%.o)
	tests/fuzz/seeds.sh build-fuzz/seeds
	for f in $(FUZZERS); do \
	    clang -fsanitize=fuzzer,address,undefined \
	        build-fuzz/tests/fuzz/fuzz_$$f.o build-fuzz/libgenhook.a \
	        $(LIBS) -lfcgi -pthread -o build-fuzz/fuzz_$$f && \
	    mkdir -p build-fuzz/corpus/$$f && \
	    build-fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -max_len=8192 \
	        -rss_limit_mb=1024 build-fuzz/corpus/$$f \
	        build-fuzz/seeds/$$f \
	        $$(ls -d tests/fuzz/corpus/$$f 2>/dev/null) || exit 1; done

# MINUTES=, SEED=: tests/prove/run.
prove:
	@deploy/packages prove
	@$(MAKE) --no-print-directory -s -j2 all checks
	@BUILD='$(BUILD)' MINUTES='$(MINUTES)' SEED='$(SEED)' tests/prove/run

# What the unit tests reach of the files that decide over loss.
coverage:
	@deploy/packages test
	@$(MAKE) --no-print-directory -s -j2 BUILD=build-coverage \
	    CFLAGS='-O0 -g' SAN=--coverage $(patsubst %, \
	    build-coverage/tests/test_%,$(shell sed -n 's/^tests: //p' \
	    tests/coverage/files.list))
	@BUILD=build-coverage tests/coverage/run

# MUTANTS=, SAMPLE=, SEED=, JOBS=: tests/mutants/run.
mutants:
	@deploy/packages test
	@$(MAKE) --no-print-directory -s -j2 all checks
	@BUILD='$(BUILD)' tests/mutants/run

MAN = $(DESTDIR)$(PREFIX)/share/man
install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/genhook \
	    $(DESTDIR)$(PREFIX)/share/genhook/lighttpd/errors \
	    $(DESTDIR)$(PREFIX)/share/genhook/examples \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(BUILD)/bin/genhook $(BUILD)/bin/genhook-sweep \
	    $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(HANDLERS) $(BUILD)/bin/genhook-web \
	    $(BUILD)/bin/genhook-thumb $(DESTDIR)$(PREFIX)/lib/genhook
	$(BUILD)/bin/genhook completion \
	    >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/genhook
	$(BUILD)/bin/genhook completion zsh \
	    >$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_genhook
	$(BUILD)/bin/genhook completion fish \
	    >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/genhook.fish
	install -m 644 lighttpd/*.conf \
	    $(DESTDIR)$(PREFIX)/share/genhook/lighttpd
	install -m 755 lighttpd/cut-tokens \
	    $(DESTDIR)$(PREFIX)/share/genhook/lighttpd
	install -m 644 lighttpd/errors/*.html \
	    $(DESTDIR)$(PREFIX)/share/genhook/lighttpd/errors
	install -m 755 examples/client.* \
	    $(DESTDIR)$(PREFIX)/share/genhook/examples
	install -m 644 deploy/genhook.conf.example deploy/genhook.cron \
	    deploy/genhook.logrotate deploy/genhook-*.service \
	    deploy/genhook-*.socket $(DESTDIR)$(PREFIX)/share/genhook
	install -d $(DESTDIR)$(PREFIX)/share/genhook/scale
	install -m 644 deploy/scale/* $(DESTDIR)$(PREFIX)/share/genhook/scale
	install -d $(DESTDIR)$(PREFIX)/share/genhook/monitoring
	install -m 644 deploy/monitoring/genhook.rules.yml \
	    deploy/monitoring/genhook-dashboard.json \
	    $(DESTDIR)$(PREFIX)/share/genhook/monitoring
	install -d $(MAN)/man1 $(MAN)/man5 $(MAN)/man7 $(MAN)/man8
	for page in man/*; do \
	    install -m 644 $$page $(MAN)/man$${page##*.} || exit 1; done
	sed -i 's,/usr/local/,$(PREFIX)/,' $(patsubst man/%,$(MAN)/man?/%, \
	    $(wildcard man/*)) \
	    $(DESTDIR)$(PREFIX)/share/genhook/lighttpd/50-genhook.conf \
	    $(DESTDIR)$(PREFIX)/share/genhook/lighttpd/cut-tokens \
	    $(DESTDIR)$(PREFIX)/share/genhook/scale/lighttpd.conf \
	    $(DESTDIR)$(PREFIX)/share/genhook/genhook.cron \
	    $(DESTDIR)$(PREFIX)/share/genhook/genhook-*.service \
	    $(DESTDIR)$(PREFIX)/share/genhook/genhook-*.socket
	for p in hook $(filter-out novita,$(PROVIDERS)); do \
	    ln -sf genhook-novita.8 $(MAN)/man8/genhook-$$p.8 || exit 1; done

# A Debian package of this tree, for this release and newer ones.
VERSION := $(shell cat VERSION)
deb-tree:
	@rm -rf build/deb/genhook-$(VERSION) && mkdir -p build/deb/genhook-$(VERSION)
	@tar -c --exclude-vcs --exclude='./build*' --exclude='./run*' . | \
	    tar -x -C build/deb/genhook-$(VERSION)
	@[ -z "$(DEBEMAIL)" ] || sed -i \
	    's|whoever built it from source <.*>|$(or $(DEBFULLNAME),$(DEBEMAIL)) <$(DEBEMAIL)>|' \
	    build/deb/genhook-$(VERSION)/debian/control build/deb/genhook-$(VERSION)/debian/changelog
deb:
	@deploy/packages deb
	@$(MAKE) --no-print-directory -s deb-tree
	@cd build/deb/genhook-$(VERSION) && dpkg-buildpackage -b -us -uc >../log 2>&1 || \
	    { tail -n 30 ../log >&2; exit 1; }
	@rm -rf build/deb/genhook-$(VERSION)
	@ls build/deb/genhook_*.deb

# The programs with all their libraries, for hosts that have neither.
bundle:
	@deploy/packages bundle
	@$(MAKE) --no-print-directory -s -j2 programs
	@deploy/bundle '$(BUILD)' build

new-provider:
	@handlers/skeleton/lay-out '$(NAME)'

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all programs new-provider deb deb-tree bundle run stop test checks lint asan memcheck tsan bench fuzz coverage mutants prove \
	install clean
.SECONDARY:
.DELETE_ON_ERROR:
