/* What the pods themselves believe, with both fences: one child, three pods, each on a node of its own, and two
   operators, either of which may sleep or start again at any point.

   failover.pml is about labels, which are in the API. A pod does not see the API. It sees its role file, which its
   node's kubelet writes some time after the annotation changed, or not at all while the node is cut off; and it may
   be told its role by HTTP ("signal"). It obeys the highest epoch that it has heard of. Asked: can two living pods
   believe at the same time that they are active?

   A write that carries a resourceVersion is one step with its read (replicas.pml says why). Deleting and making
   pods again is in replicas.pml; here a pod that ends does not come back.

   Choices (-DNAME=VALUE): */
#define NONE 0      /* FENCE: the take-over goes on without an answer */
#define CONFIRMED 1 /* FENCE (NodeConfirmed): it waits for the answer, or for the pod's or the node's certain end */
#ifndef FENCE
#define FENCE CONFIRMED
#endif
#ifndef EPOCHS /* the greatest epoch */
#define EPOCHS 3
#endif
#ifndef FAULTS /* how often a node is cut off or crashes */
#define FAULTS 2
#endif
#ifndef RESTARTS /* how often a container starts again by itself and forgets what it was told by HTTP */
#define RESTARTS 1
#endif
#define ALL 0      /* ASK: before the label, every other pod of replicas[] must have answered */
#define PREVIOUS 1 /* ASK: only the pod that was the status's active before */
#define CHANGED 2  /* ASK: only pods that this operator's own seal changed */
#define NOBODY 3   /* ASK: nobody */
#define NOTED 4    /* ASK: pods that the status notes as once named and not yet known to have stopped */
#ifndef ASK
#define ASK ALL
#endif
#define BY_FILE 0   /* ANSWER: a pod answers once its role file shows the epoch */
#define BY_MEMORY 1 /* ANSWER: a pod answers at once, and remembers it until its container starts again */
#ifndef ANSWER
#define ANSWER BY_FILE
#endif
#ifndef CHECK_FIRST /* 1: that a node is confirmed dead is read before the seal, not after it */
#define CHECK_FIRST 0
#endif
#ifndef UNKNOWN_IS_DEAD /* 1: a node that is not heard of counts as confirmed dead */
#define UNKNOWN_IS_DEAD 0
#endif
#ifndef EXCUSE /* 1: with fence None, two may believe in exactly the case that `allowed` describes */
#define EXCUSE (FENCE == NONE)
#endif
#ifndef REACH /* 1: asks instead whether the last epoch's pod ever believes while the first one's node is down */
#define REACH 0
#endif

#ifndef PODS /* 2 or 3 */
#define PODS 3
#endif
#define ALL_PODS ((1 << PODS) - 1)
#define BIT(p) (1 << (p))
#define HAS(set, p) (((set) >> (p)) & 1)

/* A role and its epoch are one number, as they are one annotation. */
#define PASSIVE(e) (2 * (e))
#define ACTIVE(e) (2 * (e) + 1)
#define EPOCH(role) ((role) >> 1)
#define IS_ACTIVE(role) ((role) & 1)

mtype = { passive, is_active };

/* The status. replicas[] names all pods. */
byte statusEpoch = 1;
byte named[EPOCHS + 1]; /* which pod the status names active with an epoch */

#if ASK == NOTED
byte noted = 1;         /* set in the write that names a pod; cleared, by compare-and-swap, once it has answered */
#endif

/* The pods in the API, and of their own. */
byte annotation[3];
byte ended = 7 & ~ALL_PODS; /* pods that have ended and are gone: their containers are dead */
byte file[3];     /* the role file */
byte heard[3];    /* the highest role that the container has heard of, from the file or by HTTP */
byte restarts;

/* The nodes. */
#define UP 0
#define CUT 1  /* cut off from the API: containers go on, the file stays as it is; HTTP may or may not reach it */
#define DOWN 2 /* crashed: containers are dead */
byte node[3];
byte confirmed; /* nodes that somebody has made sure are dead: Node deleted, or tainted out-of-service */
byte faults;

/* History, for the excuse: an operator went on without this pod's answer, and its kubelet has not been heard since. */
byte unanswered;

#define LIVING(p) (node[p] != DOWN && !HAS(ended, p))
#define BELIEVES(p) (LIVING(p) && IS_ACTIVE(heard[p]))

/* With fence None two may believe it, p in a lower epoch than q, in these cases alone. "Stale" is a pod that is sealed
   in the API while its file is behind, and without whose answer an operator went on.
   - p is stale: it was deposed and has not heard of it.
   - p has been named again, in an epoch above q's, and has heard of neither; then q is stale. */
#define STALE(p) (!IS_ACTIVE(annotation[p]) && EPOCH(annotation[p]) > EPOCH(heard[p]) && \
                  EPOCH(file[p]) < EPOCH(annotation[p]) && HAS(unanswered, p))
#define ALLOWED(p, q) (EPOCH(heard[p]) < EPOCH(heard[q]) && \
                       (STALE(p) || (IS_ACTIVE(annotation[p]) && EPOCH(annotation[p]) > EPOCH(heard[q]) && STALE(q))))
#define FINE(p, q) (!BELIEVES(p) || !BELIEVES(q) || (EXCUSE && (ALLOWED(p, q) || ALLOWED(q, p))))

#define BEHIND(p) (node[p] == UP && !HAS(ended, p) && file[p] != annotation[p])
#define FORGETS(p) (restarts < RESTARTS && LIVING(p) && heard[p] != file[p])
#define MAY_CUT(p) (faults < FAULTS && LIVING(p) && node[p] == UP)
#define MAY_CRASH(p) (faults < FAULTS && LIVING(p))
#define UNCONFIRMED(p) (node[p] == DOWN && !HAS(confirmed, p))
#define MAY_END(p) (!HAS(ended, p) && (node[p] == UP || HAS(confirmed, p)))

#define ROLE(role) (IS_ACTIVE(role) -> is_active : passive)

inline check() {
#if REACH
  assert(!(IS_ACTIVE(heard[2]) && EPOCH(heard[2]) == EPOCHS && node[0] == DOWN))
#else
  assert(FINE(0, 1) && FINE(0, 2) && FINE(1, 2))
#endif
}

proctype World() {
  byte p;
  do
  :: atomic { /* the kubelet writes the role file */
       if :: BEHIND(0) -> p = 0 :: BEHIND(1) -> p = 1 :: BEHIND(2) -> p = 2 fi;
       file[p] = annotation[p];
       if
       :: EPOCH(file[p]) >= EPOCH(heard[p]) -> heard[p] = file[p]
       :: else
       fi;
       unanswered = unanswered & ~BIT(p);
       printf("kubelet: the role file of pod %d says \"%e %d\"\n", p, ROLE(file[p]), EPOCH(file[p]));
       check();
       p = 0
     }
  :: atomic { /* a container starts again: it knows what the file says */
       if :: FORGETS(0) -> p = 0 :: FORGETS(1) -> p = 1 :: FORGETS(2) -> p = 2 fi;
       restarts++;
       heard[p] = file[p];
       printf("pod %d: its container starts again and reads \"%e %d\"\n", p, ROLE(file[p]), EPOCH(file[p]));
       check();
       p = 0
     }
  :: atomic { /* a node is cut off */
       if :: MAY_CUT(0) -> p = 0 :: MAY_CUT(1) -> p = 1 :: MAY_CUT(2) -> p = 2 fi;
       faults++;
       node[p] = CUT;
       printf("the node of pod %d is cut off\n", p);
       p = 0
     }
  :: atomic { /* a node crashes */
       if :: MAY_CRASH(0) -> p = 0 :: MAY_CRASH(1) -> p = 1 :: MAY_CRASH(2) -> p = 2 fi;
       faults++;
       node[p] = DOWN;
       file[p] = 0; heard[p] = 0;
       unanswered = unanswered & ~BIT(p);
       printf("the node of pod %d crashes\n", p);
       p = 0
     }
  :: atomic { /* somebody makes sure that it is dead */
       if :: UNCONFIRMED(0) -> p = 0 :: UNCONFIRMED(1) -> p = 1 :: UNCONFIRMED(2) -> p = 2 fi;
       confirmed = confirmed | BIT(p);
       printf("somebody confirms that the node of pod %d is dead\n", p);
       p = 0
     }
  :: atomic { /* a node that was cut off is reached again */
       if :: node[0] == CUT -> p = 0 :: node[1] == CUT -> p = 1 :: node[2] == CUT -> p = 2 fi;
       node[p] = UP;
       printf("the node of pod %d is reached again\n", p);
       p = 0
     }
  :: atomic { /* a node that crashed is back: its kubelet asks the API, then starts the containers */
       if :: node[0] == DOWN -> p = 0 :: node[1] == DOWN -> p = 1 :: node[2] == DOWN -> p = 2 fi;
       node[p] = UP;
       confirmed = confirmed & ~BIT(p);
       if
       :: !HAS(ended, p) -> file[p] = annotation[p]; heard[p] = annotation[p]
       :: else
       fi;
       printf("the node of pod %d is back\n", p);
       check();
       p = 0
     }
  :: atomic { /* a pod ends: deleted, and its kubelet has ended its containers, or its node is confirmed dead */
       if :: MAY_END(0) -> p = 0 :: MAY_END(1) -> p = 1 :: MAY_END(2) -> p = 2 fi;
       ended = ended | BIT(p);
       file[p] = 0; heard[p] = 0; annotation[p] = 0;
       unanswered = unanswered & ~BIT(p);
       printf("pod %d ends\n", p);
       p = 0
     }
  od
}
/* The pod's node or the pod itself is certainly dead. */
#if UNKNOWN_IS_DEAD
#define DEAD(p) (HAS(ended, p) || node[p] != UP)
#else
#define DEAD(p) (HAS(ended, p) || HAS(confirmed, p))
#endif

/* A pod that is told "passive e" obeys and answers; one that knows a higher epoch says so, which is no answer. */
#if ANSWER == BY_FILE
#define ANSWERS(p) (LIVING(p) && EPOCH(heard[p]) == e && EPOCH(file[p]) == e)
#else
#define ANSWERS(p) (LIVING(p) && EPOCH(heard[p]) <= e)
#endif

/* Who may be named: any other pod that is not gone. Who is healthy does not matter to what is asked. */
#define MAY_LEAD(p) (statusEpoch < EPOCHS && named[statusEpoch] != (p) && !HAS(ended, p))

/* The operator need not wait for this pod any longer. */
#define PASSES(p) (DEAD(p) || ANSWERS(p) || FENCE == NONE)

/* A new start, which knows nothing of what was done. */
inline forget() {
  e = 0; p = 0; unsealed = 0; unasked = 0
}

proctype Operator(byte me) {
  byte e;        /* the status's epoch that we act for; named[e] is its active */
  byte unsealed; /* pods still to be sealed */
  byte unasked;  /* pods whose answer is needed before the label */
  byte p;        /* the pod at hand */

again:
  atomic {
    if
    :: /* take-over, by compare-and-swap */
       if :: MAY_LEAD(0) -> p = 0 :: MAY_LEAD(1) -> p = 1 :: MAY_LEAD(2) -> p = 2 fi;
#if ASK == PREVIOUS
       unasked = BIT(named[statusEpoch]);
#endif
       statusEpoch++; named[statusEpoch] = p;
#if ASK == NOTED
       noted = noted | BIT(p);
#endif
       printf("operator %d: status: epoch %d, active is pod %d\n", me, statusEpoch, p)
    :: /* or goes on with what the status says, as after a new start */
#if ASK == PREVIOUS
       if :: statusEpoch > 1 -> unasked = BIT(named[statusEpoch - 1]) :: else fi;
#endif
       printf("operator %d: reads status: epoch %d, active is pod %d\n", me, statusEpoch, named[statusEpoch])
    fi;
    e = statusEpoch;
    unsealed = ALL_PODS & ~BIT(named[e]);
#if ASK == ALL
    unasked = unsealed;
#elif ASK == NOTED
    unasked = unsealed & noted;
#else
    unasked = unasked & ~BIT(named[e]);
#endif
#if CHECK_FIRST
    if :: HAS(unasked, 0) && HAS(confirmed, 0) -> unasked = unasked & ~BIT(0) :: else fi;
    if :: HAS(unasked, 1) && HAS(confirmed, 1) -> unasked = unasked & ~BIT(1) :: else fi;
    if :: HAS(unasked, 2) && HAS(confirmed, 2) -> unasked = unasked & ~BIT(2) :: else fi;
#endif
    p = 0
  }

  do /* the seal */
  :: atomic { forget(); goto again }
  :: unsealed == 0 -> break
  :: atomic {
       if
       :: HAS(unsealed, 0) -> p = 0
       :: !HAS(unsealed, 0) && HAS(unsealed, 1) -> p = 1
       :: unsealed == BIT(2) -> p = 2
       fi;
       if
       :: HAS(ended, p)
       :: !HAS(ended, p) && EPOCH(annotation[p]) > e -> forget(); goto again /* somebody else leads */
       :: !HAS(ended, p) && EPOCH(annotation[p]) <= e ->
#if ASK == CHANGED
          if
          :: annotation[p] != PASSIVE(e) -> unasked = unasked | BIT(p)
          :: else
          fi;
#endif
          if
          :: annotation[p] != PASSIVE(e) ->
             annotation[p] = PASSIVE(e);
             printf("operator %d: seals pod %d \"passive %d\"\n", me, p, e)
          :: else -> printf("operator %d: finds pod %d sealed\n", me, p)
          fi
       fi;
       unsealed = unsealed & ~BIT(p);
       p = 0
     }
  od;

  do /* the answers */
  :: atomic { forget(); goto again }
  :: unasked == 0 -> break
  :: atomic {
       if
       :: HAS(unasked, 0) && PASSES(0) -> p = 0
       :: HAS(unasked, 1) && PASSES(1) -> p = 1
       :: HAS(unasked, 2) && PASSES(2) -> p = 2
       fi;
       if
       :: DEAD(p) -> printf("operator %d: pod %d is certainly dead\n", me, p)
       :: ANSWERS(p) ->
          if
          :: EPOCH(heard[p]) < e -> heard[p] = PASSIVE(e)
          :: else
          fi;
          unanswered = unanswered & ~BIT(p);
          printf("operator %d: pod %d answers: passive %d\n", me, p, e)
#if FENCE == NONE
       :: LIVING(p) ->
          unanswered = unanswered | BIT(p);
          printf("operator %d: goes on without an answer of pod %d\n", me, p)
       :: !LIVING(p)
#endif
       fi;
#if ASK == NOTED
       /* This may fail, or never come to it. (An answer by the file stands, so the order of the two is the same.) */
       if
       :: statusEpoch == e -> noted = noted & ~BIT(p)
       :: true
       fi;
#endif
       unasked = unasked & ~BIT(p);
       p = 0
     }
  od;

  /* The signal to the new active, if there is HTTP and it gets there. */
  atomic {
    if
    :: LIVING(named[e]) && EPOCH(heard[named[e]]) <= e ->
       heard[named[e]] = ACTIVE(e);
       printf("operator %d: tells pod %d: active %d\n", me, named[e], e);
       check()
    :: true
    fi
  }
  /* The label. */
  atomic {
    if
    :: !HAS(ended, named[e]) && EPOCH(annotation[named[e]]) <= e ->
       annotation[named[e]] = ACTIVE(e);
       printf("operator %d: labels pod %d \"active %d\"\n", me, named[e], e)
    :: else
    fi;
    forget();
    goto again
  }
}

init {
  atomic {
    annotation[0] = ACTIVE(1); annotation[1] = PASSIVE(1);
    file[0] = ACTIVE(1); file[1] = PASSIVE(1);
    heard[0] = ACTIVE(1); heard[1] = PASSIVE(1);
#if PODS == 3
    annotation[2] = PASSIVE(1); file[2] = PASSIVE(1); heard[2] = PASSIVE(1);
#endif
    run Operator(0); run Operator(1); run World()
  }
}
