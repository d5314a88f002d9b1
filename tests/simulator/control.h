#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "http.h"

void	 control_answer(const struct call *, struct reply *);

#endif
