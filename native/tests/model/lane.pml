/* Asking and telling between two sockets of a process: a writer and the readers of one lane, with no lock in common. See README.md.
 * core/chan.c, base/lane.c, zc_pipes_ask in core/pipe.c, core/mail.c, sock/exported.c.
 *
 * The readers share a hub, whose lock is a variable here, not an atomic block: within a region of it the writer may run between any
 * two steps. Each step is one atomic operation of the code, or one region of the mail's lock; the channel's lock is left out (the
 * search then has more interleavings, not fewer).
 *
 *   NM   messages    HWM  how many may be in the lane and not read (0: any number)
 *   R2   0: no second reader, 1: receives for ever, 2: receives, may time out
 *   F    0: nobody watches the exported descriptor; the only reader does: 1 level-triggered, 2 at edges
 *   LEAVES the only reader comes CALLS times, then no more: what is left to the writer is judged
 *   TAKEN  so many messages the watcher receives, or tries to, before the descriptor is handed out
 *   V_...  a rule taken back: each must fail (run.sh) */
#ifndef NM
#define NM 2
#endif
#ifndef HWM
#define HWM 0
#endif
#ifndef R2
#define R2 0
#endif
#ifndef F
#define F 0
#endif
#ifndef TAKEN
#define TAKEN 0
#endif
#ifndef CALLS
#define CALLS 2 /* of a thread that may time out */
#endif
#if HWM == 0
#define TELL 2 /* messages read between two looks whether the writer waits, at most */
#else
#define TELL ((HWM + 1) / 2)
#endif

/* the channel: the lane holds what is published and not taken */
byte lane, credited;
bool reader_waits, writer_waits;
/* the writer's hub */
byte put, credit_seen, left = NM;
bool act = 1, wmail;
/* the readers' hub */
bool locked, avail = 1, rmail, has_f, raised, edge;
byte inq, popped, tell_at = TELL, got;
bool queued[3], mqueued[3], token[3], mtoken[3], wake[3], asleep[3], forever[3];
byte waking, mwaking;

inline lock() { atomic { !locked -> locked = 1 } }
inline unlock() { atomic { locked = 0 } }
inline raise() { if :: has_f && !raised -> raised = 1; edge = 1 :: else fi }
inline wake_one() {
  if
  :: waking == 0 && queued[1] -> queued[1] = 0; token[1] = 1; waking++; wake[1] = 1
  :: waking == 0 && queued[2] -> queued[2] = 0; token[2] = 1; waking++; wake[2] = 1
  :: else
  fi }
/* Word for the readers, under their mail's lock: from the writer, or from a reader to its own hub. */
inline post_r() {
  atomic {
    rmail = 1;
    if
    :: mwaking == 0 && mqueued[1] -> mqueued[1] = 0; mtoken[1] = 1; mwaking++; wake[1] = 1
    :: mwaking == 0 && mqueued[2] -> mqueued[2] = 0; mtoken[2] = 1; mwaking++; wake[2] = 1
    :: else
    fi;
    raise() } }

/* ---- the writer ---- */

#if HWM == 0
inline is_full() { no_room = 0 }
#else
inline is_full() {
  no_room = 0;
  if
  :: put - credit_seen < HWM
  :: else ->
    credit_seen = credited;
    if
    :: put - credit_seen < HWM
    :: else ->
#ifndef V_ROOMLATE
      writer_waits = 1;
      credit_seen = credited;
      no_room = (put - credit_seen >= HWM)
#else
      no_room = 1; writer_waits = 1
#endif
    fi
  fi }
#endif
inline answer_reader() {
  if
  :: reader_waits -> atomic { x = reader_waits; reader_waits = 0 } if :: x -> post_r() :: else fi
  :: else
  fi }
inline drain_w() { wmail = 0; is_full(); if :: !no_room -> act = 1 :: else fi }

proctype Writer() { bool no_room, x;
  do
  :: left == 0 -> break
  :: left > 0 && wmail -> drain_w()
  :: left > 0 && act ->
    is_full();
    if
    :: no_room -> act = 0
    :: else ->
#ifdef V_TELLFIRST
      x = reader_waits;
      lane++; put++;
      if :: x -> answer_reader() :: else fi;
      is_full();
#else
      lane++; put++;
      is_full();
#ifndef V_NOTELL
      answer_reader();
#endif
#endif
      left--;
      if :: no_room -> act = 0 :: else fi
    fi
  /* neither: it sleeps until there is mail */
  od }

/* ---- the readers ---- */

inline tell_room() {
  tell_at = popped + TELL;
#ifdef V_ROOMFIRST
  x = writer_waits;
  credited = popped;
  if :: x -> writer_waits = 0; wmail = 1 :: else fi
#else
  credited = popped;
  if
  :: writer_waits -> atomic { x = writer_waits; writer_waits = 0 } if :: x -> wmail = 1 :: else fi
  :: else
  fi
#endif
  }
inline ask() {
  tell_room();
#ifdef V_ASKLATE
  x = (lane > 0);
  reader_waits = 1;
  if :: x -> reader_waits = 0; post_r() :: else fi
#else
  reader_waits = 1;
#ifndef V_ASKBLIND
  if
  :: lane > 0 -> atomic { x = reader_waits; reader_waits = 0 } if :: x -> post_r() :: else fi
  :: else
  fi
#endif
#endif
  }
/* All that is published, or up to the end of a node. */
inline take() {
  if
  :: atomic { lane > 0 -> inq = inq + lane; lane = 0; avail = 1 }
  :: atomic { lane > 1 -> inq++; lane--; avail = 1 }
  :: atomic { lane == 0 }
  fi }
inline refill() { if :: avail && inq == 0 -> take() :: else fi }
inline drain_r() {
  if
  :: rmail -> rmail = 0; take(); if :: inq == 0 -> ask() :: else fi
  :: else
  fi }
inline pipes_ask() { if :: avail && inq == 0 -> ask(); avail = 0 :: else fi }
inline pop() {
  inq--; popped++; got++;
  if :: credited = popped :: skip /* released, not ordered with what follows: perhaps seen only with the store of tell_room */ fi;
  if :: popped == tell_at -> tell_room() :: else fi;
#ifndef V_FDRY
  if :: has_f && inq == 0 -> ask(); avail = 0 :: else fi
#else
  skip
#endif
  }
inline pass_on() {
#ifndef V_NOPASSASK
  if :: queued[1] || queued[2] -> pipes_ask() :: else fi;
#endif
  refill();
  if :: inq > 0 -> wake_one(); if :: has_f -> atomic { raise() } :: else fi :: else fi }

proctype Reader(byte me; bool timed; byte calls) { bool x, tmo;
  do
  :: !timed || calls > 0 ->
    if :: timed -> calls-- :: else fi;
    lock();
    drain_r();
    do
    :: refill();
      if
      :: inq > 0 -> pop(); break
      :: inq == 0 && tmo -> break
      :: else
      fi;
#ifndef V_NOASK
      pipes_ask();
#endif
      if
      :: atomic { rmail -> x = 0 }
      :: atomic { !rmail -> mqueued[me] = 1; x = 1 }
      fi;
      if
      :: !x -> drain_r()
      :: x ->
        atomic { queued[me] = 1; asleep[me] = 1; locked = 0 }
        atomic { if :: wake[me] :: timed -> tmo = 1 fi }
        lock();
        atomic {
          if :: token[me] -> token[me] = 0; waking-- :: else fi; queued[me] = 0;
          if :: mtoken[me] -> mtoken[me] = 0; mwaking-- :: else fi; mqueued[me] = 0;
          wake[me] = 0; asleep[me] = 0; x = 0 }
        drain_r()
      fi
    od;
progress_out:
    pass_on();
    tmo = 0;
    unlock()
  :: else -> break
  od }

/* EVENTS is judged in the region that clears: again when mail came before it. */
inline events() {
  lock();
  drain_r();
  do
  :: refill();
    if
    :: inq > 0 -> in = 1; break
    :: else ->
      if
#ifdef V_CLEARMAIL
      :: atomic { raised = 0 } in = 0; break
#else
      :: atomic { !rmail -> raised = 0 } in = 0; break
      :: atomic { rmail } drain_r()
#endif
      fi
    fi
  od;
  pass_on();
  unlock() }
inline try_recv() {
  lock();
  drain_r();
  refill();
  if :: inq > 0 -> pop() :: else fi;
  pass_on();
  unlock() }

proctype Watcher() { bool x, in; byte before = TAKEN;
  do
  :: before > 0 -> before--; try_recv()
  :: else -> break
  od;
  lock(); /* the descriptor is handed out */
  drain_r();
  atomic { has_f = 1 }
  refill();
  if :: inq > 0 -> atomic { raise() } :: else fi;
#ifndef V_FNOASK
  pipes_ask();
#endif
  unlock();
  do
  :: /* who begins to watch asks for EVENTS once; so does who was told */
    events();
#if F == 2
    do
    :: in -> try_recv(); events()
    :: else -> break
    od;
progress_out:
    asleep[1] = 1; atomic { edge -> edge = 0; asleep[1] = 0 }
#else
    if :: in -> try_recv() :: else fi;
progress_out:
    asleep[1] = 1; atomic { raised -> asleep[1] = 0 }
#endif
  od }

proctype Judge() {
end_j:
  atomic { timeout ->
    assert(!locked);
#ifdef LEAVES
    assert(left == 0 || put - popped > HWM - TELL) } } /* it waits only while fewer places are free than are told at once */
#else
    assert(left == 0);                                 /* nobody waits for room that is there */
    assert(got == NM && lane == 0 && inq == 0) } }     /* nor for a message */
#endif

init { atomic {
#if F > 0
  run Watcher();
#else
#ifdef LEAVES
  run Reader(1, 1, CALLS);
#else
  run Reader(1, 0, 0);
#endif
#if R2 == 1
  run Reader(2, 0, 0);
#elif R2 == 2
  run Reader(2, 1, CALLS);
#endif
#endif
  run Writer(); run Judge() } }
