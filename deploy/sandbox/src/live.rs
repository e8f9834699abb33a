//! The behaviour in force, read on every message and replaced rarely.

use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::Value;

use crate::settings::Behaviour;

/// The behaviour in force.
#[derive(Debug)]
pub struct Live(RwLock<Arc<Behaviour>>);

impl Live {
    /// Starts with this behaviour.
    pub fn new(behaviour: Behaviour) -> Self {
        Self(RwLock::new(Arc::new(behaviour)))
    }

    /// The behaviour now.
    pub fn get(&self) -> Arc<Behaviour> {
        self.0.read().clone()
    }

    /// Replaces some fields; answers the whole.
    pub fn patch(&self, patch: &Value) -> Result<Arc<Behaviour>, String> {
        let mut behaviour = self.0.write();
        *behaviour = Arc::new(behaviour.patched(patch)?);
        Ok(behaviour.clone())
    }
}
