//! Places keys with the crates that benchmarks/placement sets beside our ring:
//!
//! ```text
//! placement-peers LIBRARY NODES POINTS KEYS FOLDER
//! ```
//!
//! What it prints and writes: benchmarks/placement/peers/README.md.

mod heap;
mod libraries;

use libraries::Library;
use std::path::Path;
use std::time::{Duration, Instant};

const TIMED: Duration = Duration::from_secs(2); // of lookups whose speed is taken
const PASSED: Duration = Duration::from_secs(4); // of lookups whose answers are kept
const REPEATS: Duration = Duration::from_millis(500); // of builds

// What a ring or a lookup refers to stays for good.
fn forever(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn node_name(number: usize) -> &'static str {
    forever(format!("node-{number:05}.example"))
}

fn median(mut values: Vec<Duration>) -> f64 {
    values.sort();
    values[values.len() / 2].as_secs_f64()
}

/// Calls `act` with one key after the other until all are done, or the time is up.
fn each(
    keys: &[&'static str],
    limit: Duration,
    mut act: impl FnMut(&'static str),
) -> (usize, Duration) {
    let began = Instant::now();
    for (i, key) in keys.iter().enumerate() {
        act(*key);
        if i % 16 == 15 && began.elapsed() > limit {
            return (i + 1, began.elapsed());
        }
    }
    (keys.len(), began.elapsed())
}

struct Bench<'a> {
    library: Box<dyn Library>,
    nodes: usize,
    keys: Vec<&'static str>,
    folder: &'a Path,
}

impl Bench<'_> {
    fn build(&mut self) {
        let names: Vec<_> = (1..=self.nodes).map(node_name).collect();
        let mut took = Vec::new();
        let mut memory = 0;
        let before = heap::bytes();
        let began = Instant::now();
        while took.is_empty() || began.elapsed() < REPEATS {
            let start = Instant::now();
            self.library.build(&names);
            self.library.one(self.keys[0]);
            took.push(start.elapsed());
            if took.len() == 1 {
                memory = heap::bytes() - before;
            }
        }
        println!(r#"{{"build":{},"memory":{memory}}}"#, median(took));
    }

    fn add(&mut self, number: usize) -> Duration {
        let name = node_name(number);
        let began = Instant::now();
        self.library.add(name);
        self.library.one(self.keys[0]);
        began.elapsed()
    }

    fn some(&self, key: &'static str, replicas: usize) -> Vec<&'static str> {
        match replicas {
            1 => vec![self.library.one(key)],
            _ => self.library.some(key, replicas),
        }
    }

    fn replicas(&self) -> Vec<usize> {
        if self.library.has_replicas() {
            vec![1, 3]
        } else {
            vec![1]
        }
    }

    fn lookups(&self) {
        let mut length = 0;
        for replicas in self.replicas() {
            let mut time = |limit| match replicas {
                1 => each(&self.keys, limit, |key| {
                    length += self.library.one(key).len()
                }),
                _ => each(&self.keys, limit, |key| {
                    length += self.library.some(key, replicas).len()
                }),
            };
            time(TIMED / 10); // warms up
            let (count, took) = time(TIMED);
            let rate = count as f64 / took.as_secs_f64();
            println!(r#"{{"replicas":{replicas},"lookups":{rate}}}"#);
        }
        assert!(length > 0); // so that no lookup is left out
    }

    /// Writes the answers to all keys in the present state of the ring.
    fn place(&self, state: &str) {
        for replicas in self.replicas() {
            let mut bytes = Vec::new();
            each(&self.keys, PASSED, |key| {
                let nodes = self.some(key, replicas);
                for i in 0..replicas {
                    let number: u16 = match nodes.get(i) {
                        Some(name) => name[5..10].parse().expect("a node's name"),
                        None => 0,
                    };
                    bytes.extend(number.to_le_bytes());
                }
            });
            let file = self.folder.join(format!("{state}.{replicas}"));
            std::fs::write(file, bytes).expect("a folder to write to");
            println!(r#"{{"placed":"{state}","replicas":{replicas}}}"#);
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| -> usize { arguments[i].parse().expect("a number") };
    let (nodes, points, keys) = (number(1), number(2), number(3));
    let mut bench = Bench {
        library: libraries::find(&arguments[0], nodes, points),
        nodes,
        keys: (0..keys)
            .map(|i| forever(format!("default/hub/child-{i}")))
            .collect(),
        folder: Path::new(&arguments[4]),
    };
    bench.build();
    bench.lookups();
    bench.place("built");
    let mut added = vec![bench.add(nodes + 1)];
    bench.place("joined");
    bench.library.remove(node_name(nodes / 2));
    bench.place("left");
    let began = Instant::now();
    while added.len() < 5 && began.elapsed() < PASSED {
        added.push(bench.add(nodes + 1 + added.len()));
    }
    println!(r#"{{"add":{}}}"#, median(added));
}
