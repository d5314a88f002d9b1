# The benchmark's own programs.  Included by the top Makefile, which defines
# BUILD, CC, ALL_CFLAGS, ALL_LDFLAGS and how a .c becomes a .o below $(BUILD).
BENCH_PROGRAMS := $(BUILD)/bench/bare $(BUILD)/bench/openloop $(BUILD)/bench/rows

# The handlers' threads and answers, with nothing behind them.
$(BUILD)/bench/bare: $(BUILD)/bench/bare.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ -lfcgi

$(BUILD)/bench/openloop: $(BUILD)/bench/openloop.o
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@

# The handlers' own statement, with a load in place of requests.
$(BUILD)/bench/rows: $(BUILD)/bench/rows.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBS)

bench-programs: $(BENCH_PROGRAMS)
.PHONY: bench-programs
