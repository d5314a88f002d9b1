#ifndef SIM_WAVESPEED_H
#define SIM_WAVESPEED_H

void	 wavespeed_open(void);

#endif
