//! `switchboard`: the operator's command line.

mod contact;
mod dead_letters;
mod doctor;
mod environment;
mod failure;
mod key;
mod message;
mod migrate;
mod org;
mod output;
mod parse;
mod purge;
mod retention;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Told;
use crate::output::Output;

/// Operate Switchboard: migrate its database, look after organizations and keys, find out what happened
///
/// Every command reads its settings from the environment, as the other programs do: DATABASE_URL always, AMQP_URL for what
/// talks to RabbitMQ, the rest for `doctor`. Exit codes: 0 done, 1 failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, arg_required_else_help = true)]
struct Switchboard {
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Apply the migrations that the database lacks
    Migrate(migrate::Migrate),
    /// Check configuration, servers, processes and backlogs; exit 1 if anything is wrong
    Doctor(doctor::Doctor),
    /// Organizations: the tenants
    #[command(subcommand)]
    Org(org::Org),
    /// Users of an organization
    #[command(subcommand)]
    User(user::User),
    /// API keys of users
    #[command(subcommand)]
    Key(key::Key),
    /// What happened to a message
    #[command(subcommand)]
    Message(message::Message),
    /// Contacts of an organization
    #[command(subcommand)]
    Contact(contact::Contact),
    /// What could not be worked off: look at it, replay it, discard it
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// How long logs are kept
    #[command(subcommand)]
    Retention(retention::Retention),
    /// Remove from the logs what is past its age now, as the relay does by itself
    Purge(purge::Purge),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let switchboard = Switchboard::parse();
    let output = Output::new(switchboard.json);
    let done = match &switchboard.command {
        Command::Migrate(migrate) => migrate.run(&output).await,
        Command::Doctor(doctor) => doctor.run(&output).await,
        Command::Org(org) => org.run(&output).await,
        Command::User(user) => user.run(&output).await,
        Command::Key(key) => key.run(&output).await,
        Command::Message(message) => message.run(&output).await,
        Command::Contact(contact) => contact.run(&output).await,
        Command::DeadLetters(dead_letters) => dead_letters.run(&output).await,
        Command::Retention(retention) => retention.run(&output).await,
        Command::Purge(purge) => purge.run(&output).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<Told>() {
                output.complain(&failure::in_one_line(&error));
            }
            ExitCode::FAILURE
        }
    }
}
