#ifndef SIM_FILES_H
#define SIM_FILES_H

#include "http.h"
#include "tasks.h"

#define LINK_MAX	640

void	 files_open(void);
void	 files_answer(const struct call *, struct reply *);
void	 files_link(const struct task *, int, char *, size_t);
void	 files_serve(const struct call *, struct reply *,
	    const struct provider *, const char *, long);

#endif
