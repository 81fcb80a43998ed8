/* Mail: two threads of one socket, one waits to receive, one to send; their peer inside the process posts messages and room. See
 * README.md. core/mail.c, follow in sock/sleep.c.
 *
 *   NI, NO  messages that arrive, places that become free */
#ifndef NI
#define NI 1
#endif
#ifndef NO
#define NO 1
#endif
byte mail_in, mail_out, inq, room, posted_in, posted_out, got, went;
bool queued[3], token[3], mqueued[3], mtoken[3], wake[3], asleep[3]; byte waking_in, waking_out, mwaking;
/* thread 1 is the only one on the list of receivers, 2 on that of senders */
inline mail_wake_one() {
  if
  :: mwaking == 0 && mqueued[1] -> mqueued[1] = 0; mtoken[1] = 1; mwaking++; wake[1] = 1
  :: mwaking == 0 && mqueued[2] -> mqueued[2] = 0; mtoken[2] = 1; mwaking++; wake[2] = 1
  :: else
  fi }
inline wake_in()  { if :: waking_in == 0 && queued[1] -> queued[1] = 0; token[1] = 1; waking_in++; wake[1] = 1 :: else fi }
inline wake_out() { if :: waking_out == 0 && queued[2] -> queued[2] = 0; token[2] = 1; waking_out++; wake[2] = 1 :: else fi }
/* Room is told to a sender at once; a message waits for who passes on. */
inline drain() { inq = inq + mail_in; mail_in = 0; if :: mail_out > 0 -> room = room + mail_out; mail_out = 0; wake_out() :: else fi }
inline pass_on() { if :: inq > 0 -> wake_in() :: else fi; if :: room > 0 -> wake_out() :: else fi }
#ifdef V_NOACROSS
#define ACROSS(t) skip
#else
#define ACROSS(t) if :: t == 2 && inq > 0 -> wake_in() :: t == 1 && room > 0 -> wake_out() :: else fi
#endif
proctype Thread(byte me; byte left) {
enter:
  atomic { if :: left == 0 -> goto done :: else fi; left--; drain() }
top:
  atomic {
    if
    :: me == 1 && inq > 0 -> inq--; got++; goto leave
    :: me == 2 && room > 0 -> room--; went++; goto leave
    :: else
    fi;
    ACROSS(me);
#ifdef V_MAILLATE
    skip }
  atomic {
#endif
#ifndef V_MAILLATE
    if :: mail_in > 0 || mail_out > 0 -> drain(); ACROSS(me); goto top :: else fi;
#endif
    mqueued[me] = 1; queued[me] = 1; wake[me] = 0; asleep[me] = 1 }
  atomic { wake[me] }
  atomic { asleep[me] = 0; queued[me] = 0; mqueued[me] = 0; wake[me] = 0;
    if :: token[me] -> token[me] = 0; if :: me == 1 -> waking_in-- :: else -> waking_out-- fi :: else fi;
    if :: mtoken[me] -> mtoken[me] = 0; mwaking-- :: else fi;
    drain() }
  goto top;
leave:
progress_out:
  atomic { pass_on() }
  goto enter;
done: skip
}
proctype Peer() {
  do
  :: atomic { posted_in < NI -> posted_in++; mail_in++; mail_wake_one() }
  :: atomic { posted_out < NO -> posted_out++; mail_out++; mail_wake_one() }
  :: atomic { posted_in == NI && posted_out == NO -> break }
  od }
proctype Judge() {
end_j:
  atomic { timeout -> assert(got == NI && went == NO) } }
init { atomic { run Thread(1, NI + 1); run Thread(2, NO + 1); /* each waits for one more than comes */ run Peer(); run Judge() } }
