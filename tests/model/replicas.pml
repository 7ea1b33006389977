/* Which entries may leave status.replicas[]: failover.pml with pods that are deleted and made again, without limit.

   The seal reaches the pods that replicas[] names. So an entry must not leave while a late write could still label
   its pod. Asked, as in failover.pml: at no time are two pods labelled active.

   failover.pml has each read and the write that depends on it as two steps. Here they are one: a write that carries
   a resourceVersion succeeds only if the object was the same all the time from the read on, so it is as if it had
   been read just then; and one that fails changes nothing. What stays apart are the steps upon different objects.

   A pod is a place of the slot's name here, and UIDs are not numbers: what matters of a UID that somebody holds is
   whether it still is the living pod's. When a pod goes, all references to it become GONE.

   Choices (-DNAME=VALUE): */
#define ANY 1     /* DROP: any entry but the active's may leave, as when an old cache does not show its pod */
#define PASSIVE 2 /* DROP: an entry leaves if its pod is gone or is passive with the status's own epoch */
#define ABSENT 3  /* DROP: an entry leaves only if its pod is gone; in any write, one that raises the epoch included */
#ifndef DROP
#define DROP ABSENT
#endif
#ifndef EPOCHS /* the greatest epoch */
#define EPOCHS 4
#endif
#ifndef RECORD_AND_PROMOTE /* 1: the write that names a new active may add its entry to replicas[] too */
#define RECORD_AND_PROMOTE 0
#endif
#define SAME_EPOCH 1 /* SKIP_SEALED: no seal for a pod that an old cache shows as passive with the epoch acted for */
#ifndef SKIP_SEALED
#define SKIP_SEALED 0
#endif
#ifndef REACH /* 1: asks instead whether a pod made anew is ever labelled in the last epoch; it must be */
#define REACH 0
#endif

#define PODS 3
#define BIT(p) (1 << (p))
#define HAS(set, p) (((set) >> (p)) & 1)

/* References to a pod. */
#define NOBODY 0
#define LIVING 1 /* the pod that lives under this name now */
#define GONE 2   /* an earlier one */

/* The status. */
byte statusEpoch = 1;
byte statusActive = 0;      /* the slot */
byte statusActiveUid = LIVING;
byte entry[PODS];           /* replicas[] */

/* The pods. */
bool lives[PODS];
bool labelled[PODS];
byte epoch[PODS];
#if REACH
bool remade[PODS];          /* made again at least once */
#endif
byte actives = 1;
#if SKIP_SEALED
byte sealedAt[PODS];        /* bit e: this pod was passive with epoch e at some time, so an old cache may show it */
#endif

/* What the two operators hold. */
byte others[2];             /* living pods that the status named, still to be sealed */
byte chosen[2];             /* the slot of the pod to be labelled */
byte chosenUid[2];

/* May be named as the new active. (That it is named again after it went is without use, but not excluded.) */
#if RECORD_AND_PROMOTE
#define MAY_LEAD(p) (statusEpoch < EPOCHS && (lives[p] || entry[p] != NOBODY) && !ACTIVE(p))
#else
#define MAY_LEAD(p) (statusEpoch < EPOCHS && entry[p] != NOBODY && !ACTIVE(p))
#endif
#define ACTIVE(p) ((p) == statusActive && statusActiveUid == LIVING && entry[p] == LIVING)

#if DROP == ANY
#define MAY_DROP(p) (entry[p] != NOBODY && !ACTIVE(p))
#elif DROP == PASSIVE
#define MAY_DROP(p) (entry[p] == GONE || (entry[p] == LIVING && !ACTIVE(p) && epoch[p] == statusEpoch && !labelled[p]))
#else
#define MAY_DROP(p) (entry[p] == GONE)
#endif

/* Whoever deletes pods, and those that create and record them: any operator, at any time. */
proctype World() {
  byte p;
  do
  :: atomic { /* a pod goes: evicted, deleted by a user, surplus */
       if :: lives[0] -> p = 0 :: lives[1] -> p = 1 :: lives[2] -> p = 2 fi;
       if
       :: labelled[p] -> labelled[p] = false; actives--
       :: else
       fi;
       lives[p] = false; epoch[p] = 0;
#if SKIP_SEALED
       sealedAt[p] = 0;
#endif
       if :: entry[p] == LIVING -> entry[p] = GONE :: else fi;
       if :: statusActive == p && statusActiveUid == LIVING -> statusActiveUid = GONE; statusActive = 0 :: else fi;
       others[0] = others[0] & ~BIT(p);
       others[1] = others[1] & ~BIT(p);
       if :: chosen[0] == p && chosenUid[0] == LIVING -> chosen[0] = 0; chosenUid[0] = NOBODY :: else fi;
       if :: chosen[1] == p && chosenUid[1] == LIVING -> chosen[1] = 0; chosenUid[1] = NOBODY :: else fi;
       printf("pod %d goes\n", p);
       p = 0
     }
  :: atomic { /* it is made again: passive, with the epoch that its maker believes in, which may be old */
       if :: !lives[0] -> p = 0 :: !lives[1] -> p = 1 :: !lives[2] -> p = 2 fi;
       lives[p] = true;
#if REACH
       remade[p] = true;
#endif
       epoch[p] = statusEpoch;
       do
       :: epoch[p] > 1 -> epoch[p] = epoch[p] - 1
       :: break
       od;
#if SKIP_SEALED
       sealedAt[p] = BIT(epoch[p]);
#endif
       printf("pod %d is created, \"passive %d\"\n", p, epoch[p]);
       p = 0
     }
  :: atomic { /* it is recorded, in a free entry or one whose pod is gone; by an old cache perhaps as one that is gone */
       if
       :: entry[0] != LIVING -> p = 0
       :: entry[1] != LIVING -> p = 1
       :: entry[2] != LIVING -> p = 2
       fi;
       if
       :: lives[p] ->
          entry[p] = LIVING;
          printf("status: pod %d is recorded\n", p)
       :: entry[p] == NOBODY ->
          entry[p] = GONE;
          printf("status: pod %d is recorded, with the UID of a pod that is gone\n", p)
       fi;
       p = 0
     }
  :: atomic { /* an entry leaves */
       if :: MAY_DROP(0) -> p = 0 :: MAY_DROP(1) -> p = 1 :: MAY_DROP(2) -> p = 2 fi;
       entry[p] = NOBODY;
       printf("status: the entry of pod %d leaves\n", p);
       p = 0
     }
  od
}

/* A new start, which knows nothing of what was done. */
inline forget() {
  e = 0; p = 0; chosen[me] = 0; chosenUid[me] = NOBODY; others[me] = 0
}

proctype Operator(byte me) {
  byte e; /* the status's epoch that we act for; its active is chosen[me] */
  byte p; /* the pod at hand */

again:
  atomic {
    if
    :: /* take-over, by compare-and-swap */
       if :: MAY_LEAD(0) -> p = 0 :: MAY_LEAD(1) -> p = 1 :: MAY_LEAD(2) -> p = 2 fi;
       statusEpoch++;
#if RECORD_AND_PROMOTE
       if
       :: entry[p] != LIVING && lives[p] -> entry[p] = LIVING
       :: entry[p] != NOBODY
       fi;
#endif
       printf("operator %d: status: epoch %d, active is pod %d\n", me, statusEpoch, p);
       statusActiveUid = entry[p];
       statusActive = (entry[p] == LIVING -> p : 0);
#if DROP == ABSENT
       /* The same write may drop entries whose pods are gone. */
       if :: entry[0] == GONE && p != 0 -> entry[0] = NOBODY :: true fi;
       if :: entry[1] == GONE && p != 1 -> entry[1] = NOBODY :: true fi;
       if :: entry[2] == GONE && p != 2 -> entry[2] = NOBODY :: true fi
#else
       skip
#endif
    :: /* or goes on with what the status says, as after a new start */
       printf("operator %d: reads status: epoch %d, active is pod %d\n", me, statusEpoch, statusActive)
    fi;
    e = statusEpoch; 
    if
    :: statusActiveUid == LIVING -> chosen[me] = statusActive; chosenUid[me] = LIVING
    :: else
    fi;
    p = 0;
    do
    :: p < PODS ->
       if
       :: entry[p] == LIVING && !(p == statusActive && statusActiveUid == LIVING) -> others[me] = others[me] | BIT(p)
       :: else
       fi;
       p++
    :: else -> break
    od;
    p = 0
  }

  do /* the seal */
  :: atomic { forget(); goto again }
  :: others[me] == 0 -> break
  :: atomic {
       if
       :: HAS(others[me], 0) -> p = 0
       :: others[me] == 2 || others[me] == 6 -> p = 1
       :: others[me] == 4 -> p = 2
       fi;
       if
#if SKIP_SEALED
       :: HAS(sealedAt[p], e) ->
          printf("operator %d: an old cache shows pod %d \"passive %d\"; not sealed again\n", me, p, e)
#endif
       :: epoch[p] > e -> forget(); goto again /* somebody else leads */
       :: epoch[p] <= e ->
          if
          :: labelled[p] -> labelled[p] = false; actives--
          :: else
          fi;
          epoch[p] = e;
#if SKIP_SEALED
          sealedAt[p] = sealedAt[p] | BIT(e);
#endif
          printf("operator %d: seals pod %d \"passive %d\"\n", me, p, e)
       fi;
       others[me] = others[me] & ~BIT(p);
       p = 0
     }
  od;

  atomic { /* the label */
    if
    :: chosenUid[me] == LIVING && epoch[chosen[me]] <= e ->
       if
       :: !labelled[chosen[me]] -> labelled[chosen[me]] = true; actives++
       :: else
       fi;
       epoch[chosen[me]] = e;
       printf("operator %d: labels pod %d \"active %d\"\n", me, chosen[me], e);
#if REACH
       assert(!(e == EPOCHS && remade[chosen[me]]))
#else
       assert(actives <= 1)
#endif
    :: else
    fi;
    forget();
    goto again
  }
}

init {
  atomic {
    lives[0] = true; lives[1] = true;
    epoch[0] = 1; epoch[1] = 1;
    entry[0] = LIVING; entry[1] = LIVING;
    labelled[0] = true;
#if SKIP_SEALED
    sealedAt[1] = BIT(1);
#endif
    run Operator(0); run Operator(1); run World()
  }
}
