/* How many pods of one slot live: ColdSwap with nodes that die and come back, and two operators, either of which may
   sleep or start again at any point.

   Asked: never two living pods in the slot. What has been deleted and returns with its node does not count until
   its kubelet has ended it: with fence NodeConfirmed "returns" cannot be, and without it nothing can prevent it.

   A pod's name is its incarnation, so a create succeeds only if no pod has that name. UIDs are not numbers: whether a
   reference still is the living object's is a bit, cleared when the object goes.

   Choices (-DNAME=VALUE): */
#define RAISE_FIRST 0  /* ORDER: the incarnation is raised when the node is dead; the old pod is deleted at any time */
#define DELETE_FIRST 1 /* ORDER: the API has accepted the old pod's deletion before the incarnation is raised */
#ifndef ORDER
#define ORDER DELETE_FIRST
#endif
#ifndef GATE /* 1: a pod starts with a scheduling gate, lifted only for the UID that the status names in the slot */
#define GATE 1
#endif
#ifndef INCARNATIONS
#define INCARNATIONS 3
#endif
#ifndef FAULTS /* how often a node dies */
#define FAULTS 2
#endif
#ifndef REACH /* 1: asks instead whether a pod of the last incarnation ever runs; it must be */
#define REACH 0
#endif

#define NODES 2
#define NOBODY 0

bool dead[NODES];
byte faults;

/* The status. */
byte incarnation = 1;
byte named = 1; /* the incarnation whose pod's UID stands in the slot; NOBODY if that pod is gone */

/* The pods, by incarnation (1 and up). */
bool exists[INCARNATIONS + 1];
bool deleted[INCARNATIONS + 1]; /* has a deletionTimestamp */
bool gated[INCARNATIONS + 1];
bool runs[INCARNATIONS + 1];    /* its kubelet has started it and not ended it */
bool excused[INCARNATIONS + 1]; /* came back with its node, deleted, and is about to be ended */
byte node[INCARNATIONS + 1];

/* An operator has read that this pod is the one that the status names, and it still is the same object. */
byte toLift[2];

#define LIVES(i) (runs[i] && !dead[node[i]] && !excused[i])

inline check() {
#if REACH
  assert(!runs[INCARNATIONS])
#else
#if INCARNATIONS == 2
  assert(LIVES(1) + LIVES(2) <= 1)
#else
  assert(LIVES(1) + LIVES(2) + LIVES(3) <= 1)
#endif
#endif
}

inline anyIncarnation(i) {
  i = 1;
  do
  :: i < INCARNATIONS -> i++
  :: break
  od
}

inline goes(i) {
  exists[i] = false; deleted[i] = false; gated[i] = false; runs[i] = false; excused[i] = false; node[i] = 0;
  if :: named == i -> named = NOBODY :: else fi;
  if :: toLift[0] == i -> toLift[0] = NOBODY :: else fi;
  if :: toLift[1] == i -> toLift[1] = NOBODY :: else fi
}

/* Nodes and their kubelets. */
#define MAY_START(i) (exists[i] && !runs[i] && !gated[i] && !deleted[i] && !dead[node[i]])
#define MAY_GO(i) (exists[i] && deleted[i] && (gated[i] || !dead[node[i]]))
proctype Nodes() {
  byte i, n;
  do
  :: atomic { /* a pod starts */
       if
       :: MAY_START(1) -> i = 1
       :: MAY_START(2) -> i = 2
#if INCARNATIONS > 2
       :: MAY_START(3) -> i = 3
#endif
       fi;
       runs[i] = true;
       printf("incarnation %d starts on node %d\n", i, node[i]);
       check();
       i = 0
     }
  :: atomic { /* a deleted pod ends, and its object goes */
       if
       :: MAY_GO(1) -> i = 1
       :: MAY_GO(2) -> i = 2
#if INCARNATIONS > 2
       :: MAY_GO(3) -> i = 3
#endif
       fi;
       printf("incarnation %d is gone\n", i);
       goes(i);
       i = 0
     }
  :: atomic { /* a node dies */
       if
       :: faults < FAULTS && !dead[0] -> n = 0
       :: faults < FAULTS && !dead[1] -> n = 1
       fi;
       faults++;
       dead[n] = true;
       printf("node %d dies\n", n);
       n = 0
     }
  :: atomic { /* a node comes back */
       if
       :: dead[0] -> n = 0
       :: dead[1] -> n = 1
       fi;
       dead[n] = false;
       i = 1;
       do
       :: i <= INCARNATIONS ->
          if :: runs[i] && node[i] == n && deleted[i] -> excused[i] = true :: else fi;
          i++
       :: else -> break
       od;
       printf("node %d comes back\n", n);
       check();
       i = 0; n = 0
     }
  od
}

/* A pod counts as out of the way. */
#define OUT_OF_WAY(i) (!exists[i] || (dead[node[i]] && !gated[i] && (ORDER == RAISE_FIRST || deleted[i])))

proctype Operator(byte me) {
  byte i; /* the incarnation at hand */
  byte n; /* the node of the pod to be created */

again:
  atomic { /* reads, and does what needs no other object; a late create or lifting of a gate is a step of its own */
    if
    :: exists[incarnation] && !deleted[incarnation] -> /* the child moves, or the node is dead */
       deleted[incarnation] = true;
       printf("operator %d: deletes incarnation %d\n", me, incarnation);
       goto again
    :: incarnation > 1 && exists[1] && !deleted[1] -> /* surplus */
       deleted[1] = true;
       printf("operator %d: deletes incarnation 1, which is surplus\n", me);
       goto again
#if INCARNATIONS > 2
    :: incarnation > 2 && exists[2] && !deleted[2] ->
       deleted[2] = true;
       printf("operator %d: deletes incarnation 2, which is surplus\n", me);
       goto again
#endif
    :: incarnation < INCARNATIONS && exists[incarnation] && OUT_OF_WAY(incarnation) ->
       incarnation++;
       printf("operator %d: status: incarnation %d\n", me, incarnation);
       goto again
    :: !exists[incarnation] && (incarnation < 2 || OUT_OF_WAY(1)) && (incarnation < 3 || OUT_OF_WAY(2)) ->
       i = incarnation;
       if
       :: !dead[0] -> n = 0
       :: !dead[1] -> n = 1
       :: else -> i = 0; goto again
       fi;
       printf("operator %d: decides to create incarnation %d on node %d\n", me, i, n)
#if GATE
    :: exists[incarnation] && gated[incarnation] && named != incarnation &&
       (named == NOBODY || (deleted[named] && dead[node[named]])) ->
       named = incarnation;
       printf("operator %d: status: the pod of incarnation %d is the slot's\n", me, named);
       goto again
    :: named == incarnation && gated[incarnation] ->
       toLift[me] = named
#endif
    fi
  }
#if GATE
  if
  :: i == 0 ->
     atomic {
       if
       :: toLift[me] != NOBODY ->
          gated[toLift[me]] = false;
          printf("operator %d: lifts the gate of incarnation %d\n", me, toLift[me])
       :: else
       fi;
       toLift[me] = NOBODY;
       goto again
     }
  :: else
  fi;
#endif
  atomic { /* the create, however late */
    if
    :: !exists[i] ->
       exists[i] = true; gated[i] = GATE; node[i] = n;
       printf("operator %d: creates incarnation %d on node %d\n", me, i, n)
    :: else
    fi;
    i = 0; n = 0;
    goto again
  }
}

init {
  atomic {
    exists[1] = true; runs[1] = true;
    run Operator(0); run Operator(1); run Nodes()
  }
}
