// The section of the executable that holds one entry for each stand-in. The linker gathers the entries and defines the two symbols
// at its ends; Swift can name neither. Headers only: no C is compiled.
#ifndef INTEGRATION_HOST_CSTANDINS_H
#define INTEGRATION_HOST_CSTANDINS_H

typedef void (*cs_stand_in)(void *_Nonnull list);

extern const cs_stand_in _Nonnull __start_stand_ins[];
extern const cs_stand_in _Nonnull __stop_stand_ins[];

static inline long cs_stand_in_count(void) { return __stop_stand_ins - __start_stand_ins; }
static inline cs_stand_in _Nonnull cs_stand_in_at(long index) { return __start_stand_ins[index]; }

#endif
