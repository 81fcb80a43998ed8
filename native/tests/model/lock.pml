/* The lock of one word: os/lock.h, os/lock.c, and the futex it sleeps on. See README.md. Each step is one atomic operation or one call
 * of the kernel.
 *
 *   NT  threads      NR  times each takes it      V_...  a rule taken back (run.sh) */
#ifndef NT
#define NT 3
#endif
#ifndef NR
#define NR 2
#endif
#define FREE 0
#define HELD 1
#define WANTED 2
byte word, inside, done;
bool asleep[NT];

proctype Thread(byte me) { byte left = NR, was;
  do
  :: left > 0 ->
    if
    :: atomic { word == FREE -> word = HELD } /* at once, or while looking again */
    :: atomic { word != FREE }
#ifdef V_FORGETS
      do
      :: atomic { word == FREE -> word = HELD } break
      :: atomic { word != FREE -> word = WANTED; asleep[me] = 1 } atomic { !asleep[me] }
      od
#else
      do
      :: atomic { was = word; word = WANTED }
        if
        :: was == FREE -> break
#ifdef V_TWO
        :: was == WANTED -> break
#endif
        :: else ->
#ifdef V_SLEEPY
          atomic { asleep[me] = 1 }
#else
          atomic { if :: word == WANTED -> asleep[me] = 1 :: else fi }
#endif
          atomic { !asleep[me] }
        fi
      od
#endif
    fi;
    atomic { inside++; assert(inside == 1) }
    inside--;
    atomic { was = word; word = FREE }
    if
#ifdef V_WAKELESS
    :: was == WANTED
#else
    :: was == WANTED -> /* one of those who sleep, if any */
      if
      :: atomic { asleep[0] -> asleep[0] = 0 }
      :: atomic { asleep[1] -> asleep[1] = 0 }
#if NT > 2
      :: atomic { asleep[2] -> asleep[2] = 0 }
#endif
      :: atomic { !asleep[0] && !asleep[1] && !asleep[NT - 1] }
      fi
#endif
    :: else
    fi;
    left--; was = 0
  :: else -> break
  od;
  done++ }
proctype Judge() {
end_j:
  atomic { timeout -> assert(done == NT && word == FREE) } }
init { atomic { run Thread(0); run Thread(1);
#if NT > 2
  run Thread(2);
#endif
  run Judge() } }
