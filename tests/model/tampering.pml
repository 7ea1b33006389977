/* A user changes by hand what the operators keep: the status's epoch or active, a pod's label or annotation.

   Asked, once the user leaves it alone (`calm`): does all come to rest, with the status's active as the only pod that
   is labelled, in the status's epoch? And does no operator give one epoch to two pods?

   The rule: if any pod shows an epoch above the status's, or a pod that is not the status's active shows "active e"
   with e at or above the status's epoch, then a new epoch is taken: 1 + the greatest that is seen anywhere. The same
   look is part of the seal, on what is read live there.

   A write that carries a resourceVersion is one step with its read (replicas.pml says why). All three pods are in
   replicas[] and stay.

   To come to rest: after `calm` an operator starts only when it sees something to do, so a run that ends ends at
   rest; and the search for cycles without progress finds a run that does not end. (Before, the label `progress`
   excuses any.)

   Choices (-DNAME=VALUE): */
#ifndef TAMPERS /* how often the user changes something */
#define TAMPERS 1
#endif
#ifndef SWITCHES /* how many take-overs the operators make for reasons of their own */
#define SWITCHES 1
#endif
#ifndef REPAIR /* 0: without the rule */
#define REPAIR 1
#endif
#ifndef SEAL_LOOKS /* 0: the rule is applied at the start alone, and not to what the seal reads live */
#define SEAL_LOOKS 1
#endif
#define EVER 1    /* ONCE: no epoch is given to two pods, ever */
#define STARTED 2 /* ONCE: not by what operators began when the user had left it alone */
#ifndef ONCE
#define ONCE STARTED
#endif
#ifndef IDLE /* 1: the user changes things only while no operator is in the middle of something */
#define IDLE 0
#endif
/* What the user does: the sum of 1 status.epoch set back, 2 status.active changed, 4 label removed or moved,
   8 annotation removed or moved. */
#ifndef KINDS
#define KINDS 15
#endif
#ifndef EPOCHS /* above what is needed: asserted */
#define EPOCHS 9
#endif
#ifndef REACH /* 1: asks instead whether a repair ever happens; it must */
#define REACH 0
#endif

#define PODS 3
#define BIT(p) (1 << (p))
#define HAS(set, p) (((set) >> (p)) & 1)

/* A role and its epoch are one number, as they are one annotation; 0 is a missing annotation. */
#define PASSIVE(e) (2 * (e))
#define ACTIVE(e) (2 * (e) + 1)
#define EPOCH(role) ((role) >> 1)
#define IS_ACTIVE(role) ((role) & 1)

byte statusEpoch = 1;
byte statusActive = 0;
bool statusCurrent[2]; /* the operator's read of the status is still its newest version */
byte labelled = 1;     /* pods (a set) with the label "active" */
byte annotation[PODS];

byte tampers, switches;
bool calm;

#if IDLE
byte busy; /* operators (a set) in the middle of something */
#define BEGINS busy = busy | BIT(me)
#define ENDS busy = busy & ~BIT(me)
#define QUIET (busy == 0)
#else
#define BEGINS skip
#define ENDS skip
#define QUIET true
#endif

/* History: to which pod (plus 1) an epoch was given. */
byte givenTo[EPOCHS + 1];

#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define SEEN MAX(statusEpoch, MAX(EPOCH(annotation[0]), MAX(EPOCH(annotation[1]), EPOCH(annotation[2]))))

/* The rule's condition for one pod, with the status's (or the acting operator's) epoch and active. */
#define WRONG(p, e, a) (EPOCH(annotation[p]) > (e) || \
                        ((p) != (a) && IS_ACTIVE(annotation[p]) && EPOCH(annotation[p]) >= (e)))
#define TAMPERED (REPAIR && (WRONG(0, statusEpoch, statusActive) || WRONG(1, statusEpoch, statusActive) || \
                             WRONG(2, statusEpoch, statusActive)))

#define RIGHT(p) ((p) == statusActive -> annotation[p] == ACTIVE(statusEpoch) && HAS(labelled, p) : \
                  annotation[p] != 0 && !IS_ACTIVE(annotation[p]) && \
                  !HAS(labelled, p) && EPOCH(annotation[p]) <= statusEpoch)
#define AT_REST (RIGHT(0) && RIGHT(1) && RIGHT(2))

inline statusWritten() {
  statusCurrent[0] = false; statusCurrent[1] = false;
  assert(statusEpoch < EPOCHS)
}

proctype User() {
  byte p, q;
progress:
  do
  :: atomic {
       tampers < TAMPERS && QUIET ->
       tampers++;
       if
       :: (KINDS & 1) && statusEpoch > 1 ->
          do
          :: statusEpoch > 1 -> statusEpoch--
          :: break
          od;
          statusWritten();
          printf("user: sets the status's epoch to %d\n", statusEpoch)
       :: KINDS & 2 ->
          statusActive = (statusActive + 1) % PODS;
          if
          :: statusActive = (statusActive + 1) % PODS
          :: true
          fi;
          statusWritten();
          printf("user: sets the status's active to pod %d\n", statusActive)
       :: KINDS & 12 ->
          if :: p = 0 :: p = 1 :: p = 2 fi;
          if :: q = p :: q = (p + 1) % PODS :: q = (p + 2) % PODS fi; /* q == p: removed */
          if
          :: KINDS & 4 ->
             labelled = labelled & ~BIT(p);
             if
             :: q != p -> labelled = labelled | BIT(q); printf("user: moves the label from pod %d to pod %d\n", p, q)
             :: else -> printf("user: removes the label of pod %d\n", p)
             fi
          :: KINDS & 8 ->
             if
             :: q != p -> annotation[q] = annotation[p]; printf("user: moves the annotation of pod %d to pod %d\n", p, q)
             :: else -> printf("user: removes the annotation of pod %d\n", p)
             fi;
             annotation[p] = 0
          fi
       :: true
       fi;
       p = 0; q = 0
     }
  :: atomic { calm = true; printf("user: leaves it alone\n"); break }
  od
}

/* A new start, which knows nothing of what was done. */
inline forget() {
  e = 0; a = 0; p = 0; next = 0; switching = false; started = false; statusCurrent[me] = false; ENDS
}

proctype Operator(byte me) {
  byte e, a;    /* the status's epoch that we act for, and its active */
  byte next;    /* the epoch to be taken */
  bool switching; /* for a take-over */
  byte p;       /* the pod at hand */
  bool started; /* begun when the user had left it alone */

endOfWork:
  if
  :: atomic { /* the look at all pods, and the read of the status */
       (!calm || !AT_REST) && TAMPERED ->
       next = SEEN + 1; statusCurrent[me] = true; started = calm; BEGINS
     }
  :: atomic { /* a take-over for another reason; its cache may be old, so it has seen nothing wrong */
       !calm && switches < SWITCHES ->
       next = statusEpoch + 1; switching = true; statusCurrent[me] = true; BEGINS
     }
  :: atomic { /* goes on with what the status says */
       (!calm || (!AT_REST && !TAMPERED)) ->
       started = calm; BEGINS
     }
  fi;
  atomic { /* the status */
    if
    :: next == 0
    :: next != 0 && !statusCurrent[me] -> forget(); goto endOfWork
    :: next != 0 && statusCurrent[me] ->
       if
       :: switching ->
          switches++;
          statusActive = (statusActive + 1) % PODS;
          if
          :: statusActive = (statusActive + 1) % PODS
          :: true
          fi
       :: else -> /* a repair; the active stays */
#if REACH
          assert(!started)
#else
          skip
#endif
       fi;
       statusEpoch = next;
       statusWritten();
       printf("operator %d: status: epoch %d, active is pod %d\n", me, statusEpoch, statusActive)
    fi;
    e = statusEpoch; a = statusActive; next = 0; switching = false; statusCurrent[me] = false;
    printf("operator %d: acts for epoch %d, active is pod %d\n", me, e, a)
  }

  do /* the seal */
  :: atomic { !calm -> forget(); goto endOfWork }
  :: p == PODS -> break
  :: atomic {
       p < PODS ->
       if
       :: p == a
       :: p != a && (EPOCH(annotation[p]) > e || (SEAL_LOOKS && REPAIR && WRONG(p, e, a))) -> forget(); goto endOfWork
       :: else ->
          if
          :: annotation[p] != PASSIVE(e) || HAS(labelled, p) ->
             annotation[p] = PASSIVE(e);
             labelled = labelled & ~BIT(p);
             printf("operator %d: seals pod %d \"passive %d\"\n", me, p, e)
          :: else
          fi
       fi;
       p++
     }
  od;

  atomic { /* the label */
    if
    :: EPOCH(annotation[a]) <= e && !(annotation[a] == ACTIVE(e) && HAS(labelled, a)) ->
       annotation[a] = ACTIVE(e);
       labelled = labelled | BIT(a);
       printf("operator %d: labels pod %d \"active %d\"\n", me, a, e);
       if
       :: ONCE == EVER || started ->
          assert(givenTo[e] == 0 || givenTo[e] == a + 1);
          givenTo[e] = a + 1
       :: else
       fi
    :: else
    fi;
    forget();
    goto endOfWork
  }
}

init {
  atomic {
    annotation[0] = ACTIVE(1); annotation[1] = PASSIVE(1); annotation[2] = PASSIVE(1);
#if ONCE == EVER
    givenTo[1] = 1;
#endif
    run Operator(0); run Operator(1); run User()
  }
}
