/* Who is labelled active: one child with three pods, and two operators that both believe that they lead.

   One of them may be deposed: it can sleep at any point and do its next step arbitrarily late. Either may start
   again at any point, knowing nothing but the API. Asked: at no time are two pods labelled active.

   Resource versions are not numbers here. What matters of them is one bit for each read: has the object been
   written since? A write that carries the resourceVersion of a read succeeds only if it has not. So each read sets
   a "current" bit of its reader, and each write of the object clears that bit for all readers.

   What a cache shows is not stored either. A cache is arbitrarily old, so it shows any state that the object was
   ever in; the variables `sealedAt` and `preexisting` remember what these states are.

   Choices (-DNAME=VALUE): */
#define LABELLED 1 /* SEAL: before the label, other pods that are labelled lose the label */
#define IN_CACHE 2   /* SEAL: every other pod that the operator's cache shows */
#define IN_STATUS 3  /* SEAL: every other pod that replicas[] named in the status that was compared and swapped */
#ifndef SEAL
#define SEAL IN_STATUS
#endif
#ifndef EPOCHS /* the greatest epoch: EPOCHS - 1 take-overs */
#define EPOCHS 3
#endif
#ifndef RECORD_AND_PROMOTE /* 1: the write that names a new active may add its entry to replicas[] too */
#define RECORD_AND_PROMOTE 0
#endif
#ifndef SEAL_FROM_CACHE /* 1: the first patch of a seal carries the resourceVersion of the cache */
#define SEAL_FROM_CACHE 0
#endif
#define SAME_EPOCH 1 /* SKIP_SEALED: no seal for a pod that the cache shows as passive with the epoch that we act for */
#define ANY_EPOCH 2  /* SKIP_SEALED: no seal for a pod that the cache shows as passive */
#ifndef SKIP_SEALED
#define SKIP_SEALED 0
#endif
#ifndef REACH /* 1: asks instead whether the last epoch's pod is ever labelled; it must be */
#define REACH 0
#endif

#define PODS 3
#define BIT(p) (1 << (p))
#define HAS(set, p) (((set) >> (p)) & 1)

/* The child's status. */
byte statusEpoch = 1;
byte statusActive = 0;
byte recorded = 3; /* pods (a set) that replicas[] names; at first 0 and 1 */

/* The pods. 2 is created later, and its name is used once, so there are no UIDs here (see replicas.pml). */
byte exists = 3;
bool labelled[PODS]; /* label and annotation say "active" */
byte epoch[PODS];    /* of the annotation */
byte actives = 1;    /* how many are labelled */

/* May be named as the new active. */
#if SEAL == IN_STATUS && !RECORD_AND_PROMOTE
#define MAY_LEAD(p) (statusEpoch < EPOCHS && (p) != statusActive && HAS(recorded, p))
#else
#define MAY_LEAD(p) (statusEpoch < EPOCHS && (p) != statusActive && HAS(exists, p))
#endif

/* What reads are still current, of each operator: */
bool statusCurrent[2];
byte cacheCurrent[2]; /* the cache's version of these pods is their newest one */
byte liveCurrent[2];  /* the pod that was read live has not been written since */

/* What an old cache may show. */
byte sealedAt[PODS];  /* bit e: the pod was passive with epoch e at some time */
#if SKIP_SEALED == ANY_EPOCH
#define SHOWN_SEALED(p) (sealedAt[p] != 0)
#else
#define SHOWN_SEALED(p) HAS(sealedAt[p], e)
#endif
byte preexisting = 3; /* pods that every cache shows, however old */

inline podWritten(p) {
  cacheCurrent[0] = cacheCurrent[0] & ~BIT(p);
  cacheCurrent[1] = cacheCurrent[1] & ~BIT(p);
  liveCurrent[0] = liveCurrent[0] & ~BIT(p);
  liveCurrent[1] = liveCurrent[1] & ~BIT(p)
}

inline statusWritten() {
  statusCurrent[0] = false;
  statusCurrent[1] = false
}

inline makeActive(p, e) {
  if
  :: !labelled[p] -> labelled[p] = true; actives++
  :: else
  fi;
  epoch[p] = e;
  podWritten(p);
  printf("operator %d: labels pod %d \"active %d\"\n", me, p, e);
#if REACH
  assert(e < EPOCHS)
#else
  assert(actives <= 1)
#endif
}

inline makePassive(p, e) {
  if
  :: labelled[p] -> labelled[p] = false; actives--
  :: else
  fi;
  epoch[p] = e;
#if SKIP_SEALED
  sealedAt[p] = sealedAt[p] | BIT(e);
#endif
  podWritten(p);
  printf("operator %d: seals pod %d \"passive %d\"\n", me, p, e)
}

/* Which pods the cache has in their newest version by now. What it reads later is as a live read. */
inline readCache() {
#if SEAL_FROM_CACHE
  if :: HAS(exists, 0) -> cacheCurrent[me] = cacheCurrent[me] | BIT(0) :: true fi;
  if :: HAS(exists, 1) -> cacheCurrent[me] = cacheCurrent[me] | BIT(1) :: true fi;
  if :: HAS(exists, 2) -> cacheCurrent[me] = cacheCurrent[me] | BIT(2) :: true fi
#else
  skip
#endif
}

proctype Operator(byte me) {
  byte e;           /* the status's epoch that we act for */
  byte chosen;      /* and its active */
  byte others;      /* pods still to be sealed */
  byte p;           /* the pod at hand */
  bool live;        /* the read at hand is a live one */

again:
  atomic { /* forgets everything */
    e = 0; chosen = 0; others = 0; p = 0; live = false;
    liveCurrent[me] = 0; statusCurrent[me] = false; cacheCurrent[me] = 0
  }
  /* Each option reads the status when it starts and writes it, if at all, in a step of its own: so that the status
     may have changed in between. */
  if
  :: atomic { /* a pod is created, always passive, with the epoch that this operator believes in */
       !HAS(exists, 2);
       e = statusEpoch
     }
     atomic {
       if
       :: !HAS(exists, 2) ->
          exists = exists | BIT(2); epoch[2] = e; sealedAt[2] = BIT(e);
          printf("operator %d: creates pod 2 \"passive %d\"\n", me, e)
       :: else
       fi;
       goto again
     }
  :: atomic { /* a pod that exists is recorded in replicas[] */
       HAS(exists, 2) && !HAS(recorded, 2);
       statusCurrent[me] = true
     }
     atomic {
       if
       :: statusCurrent[me] ->
          recorded = recorded | BIT(2);
          statusWritten();
          printf("operator %d: records pod 2 in the status\n", me)
       :: else
       fi;
       goto again
     }
  :: atomic { /* take-over: another pod that the cache shows becomes the status's active */
       if
       :: MAY_LEAD(0) -> chosen = 0
       :: MAY_LEAD(1) -> chosen = 1
       :: MAY_LEAD(2) -> chosen = 2
       fi;
       readCache();
       statusCurrent[me] = true
     }
     atomic {
       if
       :: statusCurrent[me] ->
          statusEpoch++; statusActive = chosen;
          if
          :: SEAL == IN_STATUS && RECORD_AND_PROMOTE -> recorded = recorded | BIT(chosen)
          :: else
          fi;
          statusWritten();
          e = statusEpoch; others = recorded & ~BIT(chosen);
          printf("operator %d: status: epoch %d, active is pod %d\n", me, e, chosen)
       :: else -> goto again
       fi
     }
  :: atomic { /* goes on with what the status says, as after a new start */
       e = statusEpoch; chosen = statusActive; others = recorded & ~BIT(chosen);
       readCache();
       printf("operator %d: reads status: epoch %d, active is pod %d\n", me, e, chosen)
     }
  fi;
  /* From here on the status is not read again. Who is to be sealed: */
  atomic {
    statusCurrent[me] = false;
    p = 0;
#if SEAL == IN_CACHE
    others = preexisting;
    if
    :: HAS(exists, 2) -> others = others | BIT(2) /* the cache shows it */
    :: true                                       /* the cache does not show it yet */
    fi;
    others = others & ~BIT(chosen);
#endif
  }

seal:
  do
  :: goto again /* a new start, which knows nothing of this */
  :: others == 0 -> break
  :: others != 0 ->
     atomic {
       p = 0;
       do :: !HAS(others, p) -> p++ :: else -> break od;
       others = others & ~BIT(p);
       live = !SEAL_FROM_CACHE
     }
#if SKIP_SEALED
     if
     :: atomic { /* what the cache shows, however old it is, says that there is nothing to do */
          SHOWN_SEALED(p) -> cacheCurrent[me] = cacheCurrent[me] & ~BIT(p); p = 0; goto seal
        }
     :: true
     fi;
#endif
read:
     if
     :: atomic { live -> /* the live read */
          if
          :: !HAS(exists, p) -> cacheCurrent[me] = cacheCurrent[me] & ~BIT(p); goto seal /* gone */
          :: HAS(exists, p) && epoch[p] > e -> goto again /* somebody else leads */
          :: else -> liveCurrent[me] = BIT(p)
          fi
        }
     :: !live
     fi;
     atomic { /* the patch, with the resourceVersion of that read */
       if
       :: (live && HAS(liveCurrent[me], p)) ||
          (!live && HAS(cacheCurrent[me], p) && epoch[p] <= e) ->
          if
          :: labelled[p] || (SEAL != LABELLED && epoch[p] < e) -> makePassive(p, e)
          :: else
          fi;
          liveCurrent[me] = 0; cacheCurrent[me] = cacheCurrent[me] & ~BIT(p); p = 0
       :: else -> /* conflict */
          live = true; liveCurrent[me] = 0; cacheCurrent[me] = cacheCurrent[me] & ~BIT(p);
          goto read
       fi
     }
  od;

  /* The label, with the resourceVersion of the cache or of a live read, in either case of an epoch not above ours. */
  atomic {
    p = 0; live = false;
    if
    :: HAS(exists, chosen) && epoch[chosen] <= e -> liveCurrent[me] = BIT(chosen)
    :: true
    fi
  }
  atomic {
    if
    :: (HAS(liveCurrent[me], chosen) || (HAS(cacheCurrent[me], chosen) && epoch[chosen] <= e)) &&
       (!labelled[chosen] || epoch[chosen] < e) ->
       makeActive(chosen, e)
    :: else
    fi;
    goto again
  }
}

init {
  atomic {
    labelled[0] = true; epoch[0] = 1; epoch[1] = 1; sealedAt[1] = BIT(1);
    run Operator(0); run Operator(1)
  }
}
