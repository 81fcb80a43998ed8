/* Writing: the out-hold, the dirty list, gathering, burst and sweep, blocked output, credit. See README.md.
 *
 * One hub with 2 links, 2 senders, one I/O thread. core/writer.c, the tick in core/tick.c and the link event in core/links.c.
 *
 *   NM  messages of each sender      HWM  room of a pipe     K  what the kernel holds of a link
 *   LATE  the second link joins late TIMED the second sender may time out      V_...  a rule taken back (run.sh) */
#ifndef NM
#define NM 2
#endif
#ifndef HWM
#define HWM 1
#endif
#ifndef K
#define K 1
#endif
byte out[2], kin[2], writers[2], dirty_count;
bool held[2], blocked[2], dirty[2], outarm[2], atmark[2], up[2];
bool burst, sweep, swept, asked, ticking, flushed;
bool queued[3], token[3], wake[3], asleep[3]; byte waking;

#define anyroom ((!atmark[0]) || (!atmark[1]))
inline wake_one() {
  if
  :: waking == 0 && queued[1] -> queued[1] = 0; token[1] = 1; waking++; wake[1] = 1
  :: waking == 0 && queued[2] -> queued[2] = 0; token[2] = 1; waking++; wake[2] = 1
  :: else
  fi }
inline cut(t) { if :: token[t] -> token[t] = 0; waking-- :: else fi; queued[t] = 0; wake[t] = 0; asleep[t] = 0 }
#ifdef V_DIRTYHELD
#define FREE(l) (!blocked[l])
#else
#define FREE(l) (!held[l] && !blocked[l])
#endif
inline make_dirty(l) {
  if :: up[l] && !dirty[l] && FREE(l) && out[l] > 0 -> dirty[l] = 1; dirty_count++ :: else fi }
inline tell() {
  if :: dirty_count > 0 && !burst && !sweep -> burst = 1; ticking = 1; asked = 1 :: else fi }
inline pass_on() { if :: anyroom -> wake_one() :: else fi }

/* Writes what link l has, if it is on the dirty list: taken off and held in one region. */
inline write_link(l) {
  atomic {
    if
    :: dirty[l] -> ok = 1; dirty[l] = 0; dirty_count--; n = out[l]; held[l] = 1; writers[l]++; assert(writers[l] == 1)
    :: else -> ok = 0
    fi }
  if
  :: ok ->
    atomic { m = (n < K - kin[l] -> n : K - kin[l]); kin[l] = kin[l] + m; writers[l]-- }
    atomic { held[l] = 0; flushed = 1; ok = 0;
      out[l] = out[l] - m;
      if
#ifdef V_NOROOMWAKE
      :: atmark[l] && out[l] <= HWM / 2 -> atmark[l] = 0
#else
      :: atmark[l] && out[l] <= HWM / 2 -> atmark[l] = 0; wake_one()
#endif
      :: else
      fi;
      if
#ifdef V_NOOUT
      :: m < n -> blocked[l] = 1
#else
      :: m < n -> blocked[l] = 1; outarm[l] = 1
#endif
#ifdef V_FORGET
      :: else
#else
      :: else -> make_dirty(l) /* what others appended meanwhile */
#endif
      fi; n = 0; m = 0 }
  :: else
  fi }

proctype Sender(byte me; bool timed) { byte n, m, left = NM; bool ok, tmo;
enter:
  atomic { if :: left == 0 -> goto done :: else fi; left--; tmo = 0 }
top:
  atomic {
    if
    :: anyroom ->
       if
       :: !atmark[0] -> out[0]++; if :: out[0] >= HWM -> atmark[0] = 1 :: else fi; make_dirty(0)
       :: !atmark[1] -> out[1]++; if :: out[1] >= HWM -> atmark[1] = 1 :: else fi; make_dirty(1)
       fi;
       if
       :: dirty_count == 0 || sweep -> goto leave
       :: dirty_count > 1 && !sweep -> sweep = 1; if :: swept :: else -> ticking = 1; asked = 1 fi; goto leave
       :: dirty_count == 1 && !sweep -> goto quiet /* the socket is quiet: writes at once, */
       :: dirty_count == 1 && !sweep -> goto leave /* or it gathers */
       fi
    :: else
    fi;
    if :: tmo -> goto leave :: else fi;
    if
    :: !sweep && dirty_count > 0 -> goto drive
    :: else -> queued[me] = 1; wake[me] = 0; asleep[me] = 1;
       tell()
    fi }
  atomic { if :: wake[me] :: timed -> tmo = 1 fi }
  atomic { cut(me) }
  goto top;
drive: /* no room: it writes instead of sleeping */
  if :: dirty[0] -> write_link(0) :: else -> write_link(1) fi;
  goto top;
quiet:
  if :: dirty[0] -> write_link(0) :: else -> write_link(1) fi;
leave:
progress_out:
  atomic {
#ifndef V_NOTELL
    tell();
#endif
    pass_on(); tmo = 0 }
  goto enter;
done: skip
}

proctype IoThread() { byte n, m; bool ok, late = 1;
loop:
end_io:
  atomic {
    if
    :: outarm[0] && kin[0] < K -> outarm[0] = 0; goto out0
    :: outarm[1] && kin[1] < K -> outarm[1] = 0; goto out1
    :: ticking -> goto tick
#ifdef LATE
    :: late -> late = 0; up[1] = 1; make_dirty(1); tell(); pass_on(); goto loop
#endif
    fi }
out0: atomic { blocked[0] = 0; make_dirty(0) } write_link(0); goto outdone;
out1: atomic { blocked[1] = 0; make_dirty(1) } write_link(1);
outdone: atomic { tell(); pass_on() }
  goto loop;
tick:
  atomic { asked = 0;
#ifndef V_SWEPT
    swept = 0;
#endif
    if :: sweep -> skip :: else -> goto bursts fi }
sweeps:
  if :: dirty[0] -> write_link(0) :: else fi;
  if :: dirty[1] -> write_link(1) :: else fi;
  atomic { if :: dirty_count > 0 -> goto sweeps :: else -> sweep = 0; burst = 1; flushed = 1; swept = 1; goto ticked fi }
bursts:
  atomic { if :: !burst -> goto ticked :: burst && dirty_count == 0 -> if :: !flushed -> burst = 0 :: else -> flushed = 0 fi; goto ticked :: else fi }
  if :: dirty[0] -> write_link(0) :: else fi;
  if :: dirty[1] -> write_link(1) :: else fi;
#ifdef V_BURSTLATE
  atomic { burst = 0 }
#else
  atomic { flushed = 0 }
#endif
ticked:
progress_tick:
  atomic {
    if :: burst || sweep || asked :: else -> ticking = 0 fi
  }
  goto loop
}
proctype Peer() {
end_p:
  do :: atomic { kin[0] > 0 -> kin[0]-- } :: atomic { kin[1] > 0 -> kin[1]-- } od }
proctype Judge() {
end_j:
  atomic { timeout ->
    assert(out[0] == 0 && out[1] == 0); /* nothing stranded */
    assert(!asleep[1] && !asleep[2]);   /* nobody waits for room that is there */
    assert(!held[0] && !held[1] && !blocked[0] && !blocked[1] && dirty_count == 0 && !sweep && !burst) } }
init { atomic { up[0] = 1;
#ifndef LATE
  up[1] = 1;
#endif
  run Sender(1, 0);
#ifdef TIMED
  run Sender(2, 1);
#else
  run Sender(2, 0);
#endif
  run IoThread(); run Peer(); run Judge() } }
