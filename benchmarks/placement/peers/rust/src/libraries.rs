use anchorhash::AnchorHash;
use std::collections::hash_map::RandomState;

pub trait Library {
    fn build(&mut self, nodes: &[&'static str]);
    fn add(&mut self, node: &'static str);
    fn remove(&mut self, node: &'static str);
    fn one(&self, key: &'static str) -> &'static str;
    fn has_replicas(&self) -> bool {
        false
    }
    fn some(&self, _key: &'static str, _replicas: usize) -> Vec<&'static str> {
        unimplemented!()
    }
}

pub fn find(name: &str, nodes: usize, points: usize) -> Box<dyn Library> {
    match name {
        // Its capacity is for good: room for as many nodes again.
        "anchorhash" => Box::new(Anchor {
            capacity: 2 * nodes,
            anchor: None,
        }),
        #[cfg(feature = "hashring")]
        "hashring" => Box::new(ring::Ring {
            points,
            ring: Default::default(),
        }),
        _ => panic!("unknown library {name} ({points} points)"),
    }
}

struct Anchor {
    capacity: usize,
    anchor: Option<AnchorHash<&'static str, &'static str, RandomState>>,
}

impl Anchor {
    fn anchor(&mut self) -> &mut AnchorHash<&'static str, &'static str, RandomState> {
        self.anchor.as_mut().expect("a build")
    }
}

impl Library for Anchor {
    fn build(&mut self, nodes: &[&'static str]) {
        let capacity = self.capacity.try_into().expect("a capacity of 16 bits");
        let builder = anchorhash::Builder::default().with_resources(nodes.iter().copied());
        self.anchor = Some(builder.build(capacity));
    }
    fn add(&mut self, node: &'static str) {
        self.anchor().add_resource(node).expect("room for it");
    }
    fn remove(&mut self, node: &'static str) {
        self.anchor()
            .remove_resource(&node)
            .expect("a node that is there");
    }
    fn one(&self, key: &'static str) -> &'static str {
        let anchor = self.anchor.as_ref().expect("a build");
        anchor.get_resource(key).expect("nodes")
    }
}

#[cfg(feature = "hashring")]
mod ring {
    use hashring::HashRing;

    // As in the crate's own example.
    #[derive(Clone, Debug, Hash, PartialEq)]
    pub struct VNode {
        id: usize,
        node: &'static str,
    }

    pub struct Ring {
        pub points: usize,
        pub ring: HashRing<VNode>,
    }

    impl Ring {
        fn points_of(&self, node: &'static str) -> impl Iterator<Item = VNode> {
            (0..self.points).map(move |id| VNode { id, node })
        }
    }

    impl super::Library for Ring {
        fn build(&mut self, nodes: &[&'static str]) {
            self.ring = HashRing::new();
            let points = nodes.iter().flat_map(|node| self.points_of(node)).collect();
            self.ring.batch_add(points);
        }
        fn add(&mut self, node: &'static str) {
            self.ring.batch_add(self.points_of(node).collect());
        }
        fn remove(&mut self, node: &'static str) {
            for point in self.points_of(node) {
                self.ring.remove(&point);
            }
        }
        fn one(&self, key: &'static str) -> &'static str {
            self.ring.get(&key).expect("nodes").node
        }
        fn has_replicas(&self) -> bool {
            true
        }
        // The owner and as many more as asked for: of points, whichever node they are of.
        fn some(&self, key: &'static str, replicas: usize) -> Vec<&'static str> {
            let points = self
                .ring
                .get_with_replicas(&key, replicas - 1)
                .expect("nodes");
            points.iter().map(|point| point.node).collect()
        }
    }
}
