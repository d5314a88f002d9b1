# The provider simulator.  Included by the top Makefile, which defines BUILD,
# CC, ALL_CFLAGS, ALL_LDFLAGS and how a .c becomes a .o below $(BUILD).
SIM_DIR   = tests/simulator
SIM_MEDIA = $(wildcard tests/fixtures/media/base.*) tests/fixtures/media/zeros.gz
SIM_OBJS  = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(SIM_DIR)/*.c)) \
	    $(BUILD)/$(SIM_DIR)/fixtures.o

# The packages may not be there yet when this is read.
SIM_CFLAGS := $(shell pkg-config --cflags libmicrohttpd jansson nettle \
		libcurl 2>/dev/null)
SIM_LIBS   := -lmicrohttpd -ljansson -lhogweed -lnettle -lcurl

$(SIM_OBJS): ALL_CFLAGS += -D_GNU_SOURCE -I$(SIM_DIR) -pthread $(SIM_CFLAGS)

# The media, as C arrays: base.mp4 becomes fixture_base_mp4.
$(BUILD)/$(SIM_DIR)/fixtures.c: $(SIM_MEDIA)
	@mkdir -p $(@D)
	@{ echo '#include "fixtures.h"'; for f in $(SIM_MEDIA); do \
	    n=fixture_$$(basename $$f | tr . _); \
	    echo "const unsigned char $$n[] = {"; \
	    od -An -v -tx1 $$f | sed 's/ \(..\)/0x\1,/g'; \
	    echo "}; const size_t $${n}_len = sizeof($$n);"; \
	done; } > $@

$(BUILD)/$(SIM_DIR)/main.o: $(GEN)/version_text.h
$(BUILD)/$(SIM_DIR)/fixtures.o: $(BUILD)/$(SIM_DIR)/fixtures.c
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/bin/genhook-simulator: $(SIM_OBJS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -o $@ -pthread $(SIM_LIBS)

-include $(wildcard $(BUILD)/$(SIM_DIR)/*.d)
