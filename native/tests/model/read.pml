/* Reading: the role, the set, the ready list, sleepers and their wakes, mail, closing. See README.md.
 *
 * One hub with NL links, application threads that receive (or poll), one I/O thread, the peers. Each atomic block is one
 * region of the hub's lock, or one system call. core/driver.c, core/links.c, core/sleepers.c, core/mail.c and sock/sleep.c are what is modelled.
 *
 *   NL, NM      links, messages of each           HWM   room of a pipe          RD   messages one read takes at most
 *   T2          0: no second thread, 1: receives for ever, 2: receives, may time out, 3: polls
 *   MAIL=n      n messages come by mail           CLOSE the hub is closed       JOIN a link joins late, its input already read
 *   ALLTIMED    the first thread may time out too: in the end nobody waits, the I/O thread has to read
 *   NOTICK      the tick takes no idle role back  SOLE  (NL 1) a caller reads the only link without asking the set
 *   V_...       a rule taken back: each must fail (run.sh) */
#ifndef NL
#define NL 2
#endif
#ifndef NM
#define NM 1
#endif
#ifndef HWM
#define HWM 1
#endif
#ifndef RD
#define RD 1
#endif
#ifndef T2
#define T2 1
#endif
#ifndef CALLS
#define CALLS 2 /* of a thread that may time out */
#endif
#ifndef MAIL
#define MAIL 0
#endif
#define NT (T2 > 0 -> 2 : 1)

mtype = { R_IO, R_IOBUSY, R_BUSY, R_PARKED, R_IDLE };
mtype role = R_IO;
bool closed, resume, ticking, tickask;
/* the set: what the kernel would report; its place in the I/O thread's poller; what the hub believes of that */
byte kern[NL], sent[NL];
bool edge[NL], setwake, woken, armed = 1, is_armed = 1;
bool rdy[NL];       /* on the ready list */
bool paused[NL];    /* for V_PAUSED */
byte inq[NL + 1];   /* pipes; the last is the peer inside the process */
byte readers[NL];
byte mailq, posted;
byte got;
/* sleepers: queued[t] on the hub's list, mqueued[t] on the mail's; token: chosen */
bool asleep[3], queued[3], mqueued[3], token[3], mtoken[3], wake[3], parked[3], forever[3], incall[3], holds[3];
byte waking, mwaking;

#if NL == 1
#define anykern (kern[0] > 0)
#define anyq    (inq[0] > 0 || inq[1] > 0)
#define anyrdy  (rdy[0])
#define hasrdy  (rdy[0] && inq[0] < HWM)
#define dataedge (edge[0] && (kern[0] > 0))
#define oldedge (edge[0])
#else
#define anykern (kern[0] > 0 || kern[1] > 0)
#define anyq    (inq[0] > 0 || inq[1] > 0 || inq[2] > 0)
#define anyrdy  (rdy[0] || rdy[1])
#define hasrdy  ((rdy[0] && inq[0] < HWM) || (rdy[1] && inq[1] < HWM))
#define dataedge ((edge[0] && kern[0] > 0) || (edge[1] && kern[1] > 0))
#endif
#define Sready  (dataedge || setwake) /* an old edge is asked again by the kernel: nothing there, no report */
#define rolefree (role == R_IO || role == R_IDLE)

inline raise_set() { setwake = 1; woken = 1 }
inline wake_it(t) { if :: parked[t] -> raise_set() :: else -> wake[t] = 1 fi }
inline wake_one() {
  if
  :: waking == 0 && queued[1] -> queued[1] = 0; token[1] = 1; waking++; wake_it(1)
  :: waking == 0 && queued[2] -> queued[2] = 0; token[2] = 1; waking++; wake_it(2)
  :: else
  fi }
inline mail_wake_one() {
  if
  :: mwaking == 0 && mqueued[1] -> mqueued[1] = 0; mtoken[1] = 1; mwaking++; wake_it(1)
  :: mwaking == 0 && mqueued[2] -> mqueued[2] = 0; mtoken[2] = 1; mwaking++; wake_it(2)
  :: else
  fi }
inline cut(t) {
  if :: token[t] -> token[t] = 0; waking-- :: else fi; queued[t] = 0;
  if :: mtoken[t] -> mtoken[t] = 0; mwaking-- :: else fi; mqueued[t] = 0;
  wake[t] = 0; parked[t] = 0; asleep[t] = 0 }
inline drain() { inq[NL] = inq[NL] + mailq; mailq = 0 }
inline arm() { is_armed = 1; armed = 1 }
inline pass_on() {
#ifndef V_NOPASS
#ifdef V_NOROLEPASS
  if :: closed || anyq -> wake_one() :: else fi;
#else
  if :: closed || rolefree || anyq -> wake_one() :: else fi;
#endif
#endif
  if
  :: resume && role != R_BUSY && role != R_IOBUSY -> resume = 0;
     if :: role == R_PARKED -> raise_set() :: else -> tickask = 1 fi
  :: else
  fi }

/* Reads link l once if it is ready and not full; with the role. */
inline read_link(l) {
  atomic {
    ok = 0;
    if
#ifdef V_DROPFULL
    :: rdy[l] && inq[l] >= HWM -> rdy[l] = 0
#else
    :: rdy[l] && inq[l] >= HWM -> paused[l] = 1
#endif
    :: rdy[l] && inq[l] < HWM -> rdy[l] = 0; paused[l] = 0; ok = 1
    :: else
    fi }
  if
  :: ok ->
    atomic { readers[l]++; assert(readers[l] == 1) }
    atomic { n = (kern[l] > RD -> RD : kern[l]); kern[l] = kern[l] - n; more = (n == RD); readers[l]-- }
    atomic { inq[l] = inq[l] + n; n = 0; if :: more -> rdy[l] = 1 :: else fi; more = 0; ok = 0 }
  :: else
  fi }
/* One report of the set: what was ready goes on the list. */
inline take_edges() {
  if :: edge[0] -> edge[0] = 0; e0 = 1 :: else fi;
#if NL > 1
  if :: edge[1] -> edge[1] = 0; e1 = 1 :: else fi;
#endif
  setwake = 0 }
inline note_edges() {
  if :: e0 -> rdy[0] = 1; e0 = 0 :: else fi;
#if NL > 1
  if :: e1 -> rdy[1] = 1; e1 = 0 :: else fi
#else
  skip
#endif
  }
inline read_ready() {
  read_link(0);
#if NL > 1
  read_link(1)
#else
  skip
#endif
  }
#ifdef SOLE
#define LOOK(me) atomic { rdy[0] = 1 }; read_ready()
#else
#define LOOK(me) atomic { take_edges() }; atomic { note_edges() }; read_ready()
#endif

proctype App(byte me; bool timed; byte calls; bool ispoll) {
  byte n; bool ok, more, e0, e1, tmo, looked, slept, has;
enter:
  atomic {
    if :: closed || calls == 0 -> goto done :: else fi;
    if :: timed -> calls-- :: else fi;
    incall[me] = 1; has = 0; tmo = 0; looked = 0; slept = 0; drain() }
top:
  atomic { /* find, then zc_wait_in: one region */
    if :: closed -> goto leave :: else fi;
#ifdef V_TIMEOUT
    if :: tmo -> goto leave :: else fi; /* without a last look */
#endif
    if
    :: anyq && ispoll -> goto leave
    :: anyq && !ispoll ->
       if
       :: inq[0] > 0 -> inq[0]--;
#ifdef V_PAUSED
          if :: paused[0] && inq[0] <= HWM / 2 -> paused[0] = 0; resume = 1 :: else fi
#else
          if :: rdy[0] && inq[0] == HWM / 2 -> resume = 1 :: else fi
#endif
#if NL > 1
       :: inq[1] > 0 -> inq[1]--;
#ifdef V_PAUSED
          if :: paused[1] && inq[1] <= HWM / 2 -> paused[1] = 0; resume = 1 :: else fi
#else
          if :: rdy[1] && inq[1] == HWM / 2 -> resume = 1 :: else fi
#endif
#endif
       :: inq[NL] > 0 -> inq[NL]--
       fi;
       got++; goto leave
    :: else
    fi;
    if :: tmo -> goto leave :: else fi;
    if :: !has && rolefree -> role = R_BUSY; has = 1; holds[me] = 1 :: else fi;
    assert(!(holds[1] && holds[2]));
    if :: has && !looked -> looked = 1; goto look :: else fi;
    if /* mail: asked and registered under the mail's lock */
#ifdef V_MAILLATE
#else
    :: mailq > 0 -> drain(); goto top
#endif
    :: else -> mqueued[me] = 1
    fi;
    queued[me] = 1; wake[me] = 0; asleep[me] = 1;
    if
    :: has ->
#ifndef V_WOKEN
       if :: woken -> woken = 0; setwake = 0 :: else fi; /* before anybody can know that we sleep */
#endif
       if :: is_armed -> is_armed = 0; armed = 0 :: else fi;
       parked[me] = !ispoll; role = R_PARKED;
#ifndef V_READYPARK
       ok = hasrdy; /* then it does not sleep */
#endif
       goto park
    :: else -> looked = 0; goto follow
    fi }
look:
  LOOK(me);
  goto top;
park:
  atomic {
    if
    :: Sready || wake[me] || ok
    :: timed -> tmo = 1
    fi; slept = 1; ok = 0;
    if :: !ispoll -> take_edges() :: else fi } /* poll sees that the set is readable and leaves it so */
  atomic { note_edges(); if :: ispoll -> role = R_BUSY; cut(me); drain(); looked = 0; pass_on(); goto top :: else fi }
  read_ready();
  atomic { role = R_BUSY; cut(me); drain() }
  goto top;
follow:
  atomic { if :: wake[me] :: timed -> tmo = 1 fi }
  atomic { cut(me); drain(); if :: ispoll -> pass_on() :: else fi }
  goto top;
leave:
  atomic { /* zc_wait_end */
    if
    :: resume && !has && rolefree -> resume = 0; role = R_BUSY; has = 1; holds[me] = 1; ok = 1
    :: resume && has -> resume = 0; ok = 1
    :: resume && !has && role == R_PARKED && hasrdy -> resume = 0; raise_set()
    :: else
    fi;
    if :: ok -> ok = 0; goto last_look :: else -> goto out fi }
last_look:
  LOOK(me);
out:
progress_out:
  atomic {
    if
    :: has && closed -> role = R_IO; tickask = 1; if :: !is_armed -> arm() :: else fi
    :: has && !closed ->
       if
       :: slept -> role = R_IO; if :: !is_armed -> arm() :: else fi; if :: anyrdy -> tickask = 1 :: else fi
       :: role = R_IDLE;
#ifndef V_NOTICKING
          ticking = 1
#else
          skip
#endif
       fi
    :: else
    fi;
    has = 0; holds[me] = 0;
#ifdef V_TIMEOUT
    if :: tmo :: else -> pass_on() fi;
#else
    pass_on();
#endif
    incall[me] = 0; n = 0; looked = 0; tmo = 0; slept = 0 }
  goto enter;
done: skip
}

proctype IoThread() { byte n; bool ok, more, e0, e1, join = 1;
loop:
end_io:
  atomic {
    if
    :: armed && Sready -> armed = 0; goto event
    :: tickask -> tickask = 0; goto tick
#ifndef NOTICK
    :: ticking && !tickask -> goto tick
#endif
#ifdef JOIN
    :: join -> join = 0; goto joins
#endif
    fi }
event:
  atomic { is_armed = 0;
#ifdef V_IOREADS
    role = R_IOBUSY
#else
    if :: role != R_IO -> goto loop :: else -> role = R_IOBUSY fi
#endif
  }
drive:
  LOOK(0);
  atomic { role = R_IO;
#ifdef V_NOREARM
    skip;
#else
    arm();
#endif
#ifndef V_NOREST
    if :: hasrdy -> tickask = 1 :: else fi;
#endif
    pass_on() }
progress_tick: goto loop;
tick:
  atomic { drain();
    if :: role == R_IDLE -> role = R_IO; ticking = 0; if :: !is_armed -> arm() :: else fi; pass_on()
       :: role == R_IO || role == R_IOBUSY || role == R_PARKED -> ticking = 0
       :: role == R_BUSY
    fi;
    if :: role == R_IO && hasrdy -> role = R_IOBUSY; goto drive :: else -> goto progress_tick fi }
joins: /* a link is READY; its first message came with the handshake, no edge tells of it */
  atomic { kern[0]++; rdy[0] = 1;
    if
    :: rolefree -> role = R_IOBUSY; goto drive
#ifndef V_JOINQUIET
    :: role == R_PARKED -> raise_set(); pass_on()
#endif
    :: else -> pass_on()
    fi }
  goto loop
}

proctype Peer() {
  do
  :: atomic { sent[0] < NM -> sent[0]++; kern[0]++; edge[0] = 1 }
#if NL > 1
  :: atomic { sent[1] < NM -> sent[1]++; kern[1]++; edge[1] = 1 }
#endif
  :: atomic { posted < MAIL -> posted++; mailq++; mail_wake_one() } /* under the mail's lock alone */
  :: atomic { closed -> break }
#if NL > 1
  :: atomic { sent[0] == NM && sent[1] == NM && posted == MAIL -> break }
#else
  :: atomic { sent[0] == NM && posted == MAIL -> break }
#endif
  od }

inline wake_all_of(t) { if :: queued[t] || mqueued[t] ->
#ifdef V_CLOSEPARKED
    if :: parked[t] :: else -> wake[t] = 1 fi
#else
    wake_it(t)
#endif
  :: else fi }
proctype Closer() { atomic { closed = 1; wake_all_of(1); wake_all_of(2); tickask = 1 } }

#define waits(t) (forever[t] && asleep[t])
proctype Judge() {
end_j:
  atomic { timeout ->
    if
    :: closed -> assert(!incall[1] && !incall[2])
    :: else ->
       assert(!((anyq || mailq > 0) && (waits(1) || waits(2))));
       assert(!(anykern && (waits(1) || waits(2))));
#ifndef NOTICK
       assert(kern[0] == 0 || inq[0] >= HWM);
#if NL > 1
       assert(kern[1] == 0 || inq[1] >= HWM);
#endif
       assert(role != R_IDLE)
#endif
    fi } }

init { atomic {
#ifdef ALLTIMED
  run App(1, 1, CALLS, 0);
#else
  forever[1] = 1; run App(1, 0, 1, 0);
#endif
#if T2 == 1
  forever[2] = 1; run App(2, 0, 1, 0);
#elif T2 == 2
  run App(2, 1, CALLS, 0);
#elif T2 == 3
  run App(2, 1, CALLS, 1);
#endif
  run IoThread(); run Peer(); run Judge();
#ifdef CLOSE
  run Closer();
#endif
} }
