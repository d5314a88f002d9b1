/* Things to do later, in a binary heap; any thread adds, one thread runs. */
#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "timers.h"

struct timer {
	int64_t		 due_us;
	uint64_t	 order;		/* equal times: first come */
	timer_fn	 fn;
	void		*arg;
};

static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
static struct timer	*heap;
static size_t		 count, size;
static uint64_t		 orders;

static bool
timer_before(const struct timer *a, const struct timer *b)
{
	return a->due_us < b->due_us ||
	    (a->due_us == b->due_us && a->order < b->order);
}

static void
heap_swap(size_t a, size_t b)
{
	struct timer	 t = heap[a];

	heap[a] = heap[b];
	heap[b] = t;
}

static void
heap_up(size_t i)
{
	for (; i > 0 && timer_before(&heap[i], &heap[(i - 1) / 2]);
	    i = (i - 1) / 2)
		heap_swap(i, (i - 1) / 2);
}

static void
heap_down(size_t i)
{
	size_t	 child;

	while ((child = 2 * i + 1) < count) {
		if (child + 1 < count &&
		    timer_before(&heap[child + 1], &heap[child]))
			child++;
		if (!timer_before(&heap[child], &heap[i]))
			return;
		heap_swap(i, child);
		i = child;
	}
}

/* Has fn(arg) called in so many microseconds; false without memory. */
bool
timers_add(int64_t us, timer_fn fn, void *arg)
{
	struct timer	*more;
	bool		 ok = true;

	(void)pthread_mutex_lock(&lock);
	if (count == size) {
		more = realloc(heap, (2 * size + 64) * sizeof(*heap));
		ok = more != NULL;
		if (ok) {
			heap = more;
			size = 2 * size + 64;
		}
	}
	if (ok) {
		heap[count] = (struct timer){ clock_steady_us() + us,
		    orders++, fn, arg };
		heap_up(count++);
	}
	(void)pthread_mutex_unlock(&lock);
	return ok;
}

static bool
timer_take(int64_t now, struct timer *t)
{
	bool	 due;

	(void)pthread_mutex_lock(&lock);
	due = count > 0 && heap[0].due_us <= now;
	if (due) {
		*t = heap[0];
		heap[0] = heap[--count];
		heap_down(0);
	}
	(void)pthread_mutex_unlock(&lock);
	return due;
}

/* Does what was due when it was called. */
void
timers_run(void)
{
	int64_t		 now = clock_steady_us();
	struct timer	 t;

	while (timer_take(now, &t))
		t.fn(t.arg);
}

/* Milliseconds to the next one, rounded up; -1 when there is none. */
int
timers_next_ms(void)
{
	int64_t	 us = -1;

	(void)pthread_mutex_lock(&lock);
	if (count > 0) {
		us = heap[0].due_us - clock_steady_us();
		us = us < 0 ? 0 : us > 60000000 ? 60000000 : us;
	}
	(void)pthread_mutex_unlock(&lock);
	return us == -1 ? -1 : (int)((us + 999) / 1000);
}

/* Hands what is left to drop, which frees its argument. */
void
timers_close(void (*drop)(timer_fn, void *))
{
	for (size_t i = 0; i < count; i++)
		drop(heap[i].fn, heap[i].arg);
	free(heap);
	heap = NULL;
	count = size = 0;
}
