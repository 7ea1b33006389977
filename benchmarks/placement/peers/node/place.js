// Places keys with the Node.js libraries that benchmarks/placement sets beside ours:
//
//   node --expose-gc place.js LIBRARY NODES POINTS KEYS FOLDER
//
// What it prints and writes: benchmarks/placement/peers/README.md.
'use strict'

const fs = require('fs')
const path = require('path')

const TIMED = 2 // seconds of lookups whose speed is taken
const PASSED = 4 // of lookups whose answers are kept
const REPEATS = 0.5 // of builds

// 4 points are taken from each of its hashes.
class Hashring {
  constructor (nodes, points) {
    this.HashRing = require('hashring')
    this.options = { 'vnode count': points / 4, replicas: 4 }
  }

  build (nodes) { this.ring = new this.HashRing(nodes, 'md5', this.options) }
  add (node) { this.ring.add(node) }
  remove (node) { this.ring.remove(node) }
  one (key) { return this.ring.get(key) }
  some (key, replicas) { return this.ring.range(key, replicas) }
}

// Its points are random numbers below `range`, and it throws where too many of them are
// taken (by default for more than about 30 nodes of 512 points).
class ConsistentHash {
  constructor (nodes, points) {
    this.ConsistentHash = require('consistent-hash')
    this.options = { controlPoints: points, range: 16 * points * nodes + 1 }
  }

  build (nodes) {
    this.ring = new this.ConsistentHash(this.options)
    for (const node of nodes) this.ring.add(node)
  }

  add (node) { this.ring.add(node) }
  remove (node) { this.ring.remove(node) }
  one (key) { return this.ring.get(key) }
  some (key, replicas) { return this.ring.get(key, replicas) }
}

const LIBRARIES = { hashring: Hashring, 'consistent-hash': ConsistentHash }

const now = () => Number(process.hrtime.bigint()) / 1e9
const nodeName = (number) => `node-${String(number).padStart(5, '0')}.example`
const emit = (figures) => fs.writeSync(1, JSON.stringify(figures) + '\n')
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

function heap () {
  global.gc()
  return process.memoryUsage().heapUsed
}

// Calls `act(key)` until all keys are done, or the time is up: how many, in which time.
function each (keys, limit, act) {
  const began = now()
  for (let i = 0; i < keys.length; i++) {
    act(keys[i])
    if (i % 16 === 15 && now() - began > limit) return [i + 1, now() - began]
  }
  return [keys.length, now() - began]
}

function build (library, nodes, keys) {
  const names = []
  for (let number = 1; number <= nodes; number++) names.push(nodeName(number))
  const took = []
  const before = heap()
  let memory = 0
  for (const began = now(); took.length === 0 || now() - began < REPEATS;) {
    const start = now()
    library.build(names)
    library.one(keys[0])
    took.push(now() - start)
    if (took.length === 1) memory = heap() - before
  }
  emit({ build: median(took), memory })
}

function add (library, number, keys) {
  const name = nodeName(number)
  const began = now()
  library.add(name)
  library.one(keys[0])
  return now() - began
}

function lookups (library, keys) {
  let length = 0
  const one = (key) => { length += library.one(key).length }
  const three = (key) => { length += library.some(key, 3).length }
  for (const [replicas, act] of [[1, one], [3, three]]) {
    each(keys, TIMED / 10, act) // warms up
    const [count, took] = each(keys, TIMED, act)
    emit({ replicas, lookups: count / took })
  }
  return length
}

// Writes the answers to all keys in the present state of the ring.
function place (library, keys, state, folder) {
  for (const replicas of [1, 3]) {
    const bytes = Buffer.alloc(2 * replicas * keys.length)
    let at = 0
    const [count] = each(keys, PASSED, (key) => {
      const nodes = replicas === 1 ? [library.one(key)] : library.some(key, replicas)
      for (let i = 0; i < replicas; i++, at += 2) {
        bytes.writeUInt16LE(nodes[i] ? Number(nodes[i].slice(5, 10)) : 0, at)
      }
    })
    fs.writeFileSync(path.join(folder, `${state}.${replicas}`), bytes.subarray(0, 2 * replicas * count))
    emit({ placed: state, replicas })
  }
}

function main (name, nodes, points, count, folder) {
  const library = new LIBRARIES[name](nodes, points)
  const keys = []
  for (let i = 0; i < count; i++) keys.push(`default/hub/child-${i}`)

  build(library, nodes, keys)
  lookups(library, keys)
  place(library, keys, 'built', folder)
  const added = [add(library, nodes + 1, keys)]
  place(library, keys, 'joined', folder)
  library.remove(nodeName(nodes >> 1))
  place(library, keys, 'left', folder)
  for (const began = now(); added.length < 5 && now() - began < PASSED;) {
    added.push(add(library, nodes + 1 + added.length, keys))
  }
  emit({ add: median(added) })
}

const [name, nodes, points, count, folder] = process.argv.slice(2)
main(name, Number(nodes), Number(points), Number(count), folder)
