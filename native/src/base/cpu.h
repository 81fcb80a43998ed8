/* Hints that every CPU takes and that C has no word for. None of them changes what a program does. */
#ifndef ZC_BASE_CPU_H
#define ZC_BASE_CPU_H

/* This is a loop that waits for another CPU. */
static inline void zc_cpu_relax (void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause ();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* The cache line of p, which another CPU may hold, will be written to: it is fetched meanwhile. p must be memory of ours. */
static inline void zc_cpu_will_write (const void *p)
{
#if defined(__x86_64__)
    /* The compiler's own means fetches it to be read, unless it may assume a CPU of the last ten years; older ones do nothing here. */
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#elif defined(__GNUC__)
    __builtin_prefetch (p, 1);
#endif
}

#endif
