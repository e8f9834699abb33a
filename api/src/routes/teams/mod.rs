//! Teams: groups of users that new conversations go to.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod members;
pub mod update;

use common::db::teams::{NAME_KEY, Team};
use common::domain::ids::{TeamId, UserId};
use common::domain::team::TeamMode;
use common::problem::{Problem, Timestamp};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::text::Checks;

/// Longest name of a team.
const NAME: usize = 200;

/// A group of users.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Team)]
pub struct TeamView {
    /// Id.
    #[schema(value_type = String, example = "team_01KASDN6C4W9E1F5G8H2J3K7MP")]
    pub id: TeamId,
    /// Name.
    #[schema(example = "Support")]
    pub name: String,
    /// How its new conversations find a person.
    pub mode: TeamMode,
    /// Whether it gets the new conversations of inboxes that have no team; one team of an organization at most does.
    pub fallback: bool,
    /// Who is in it, in the order of their turns.
    pub members: Vec<MemberView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub updated_at: Timestamp,
}

/// A user in a team.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TeamMember)]
pub struct MemberView {
    /// The user.
    #[schema(value_type = String, example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")]
    pub user_id: UserId,
    /// Their name.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// Whether conversations may be given to them in turn: available, and not disabled.
    pub available: bool,
}

impl From<Team> for TeamView {
    fn from(team: Team) -> Self {
        let member = |member: common::db::teams::Member| MemberView {
            user_id: member.user,
            name: member.name,
            available: member.available,
        };
        Self {
            id: team.id,
            name: team.name,
            mode: team.mode,
            fallback: team.fallback,
            members: team.members.into_iter().map(member).collect(),
            created_at: Timestamp(team.created_at),
            updated_at: Timestamp(team.updated_at),
        }
    }
}

fn check_name(name: &str) -> Result<(), Problem> {
    let mut checks = Checks::default();
    checks.name("name", name, NAME);
    checks.finish()
}

/// What a write was refused for.
fn refused(error: common::db::Error) -> Problem {
    if error.constraint() != Some(NAME_KEY) {
        return error.into();
    }
    Problem::new(StatusCode::CONFLICT, "already_exists", "There is a team of this name already").field(
        "name",
        "already_exists",
        "is the name of another team",
    )
}
