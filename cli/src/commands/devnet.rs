//! `lets devnet`: a test chain on this machine, and its faucet.

use std::time::Duration;

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use lets_protocol::NanoErg;
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::{DevnetArgs, DevnetCommand};
use crate::commands::Env;
use crate::error::CliError;
use crate::keys::Key;
use crate::names;
use crate::output::Report;

pub(super) async fn run(env: &Env<'_>, args: DevnetArgs) -> Result<Option<Report>, CliError> {
    match args.command {
        Some(DevnetCommand::Fund { to, erg }) => fund_key(env, &to, erg).await.map(Some),
        Some(DevnetCommand::Oracle { rate, nft }) => {
            let published = publish(&env.global.nodes[0], nft.as_deref(), rate).await?;
            #[derive(Serialize)]
            struct Published {
                nft: String,
                nanoerg: u64,
                box_id: String,
            }
            let (nft, box_id) = published;
            let text = format!("the oracle {nft} says {rate} (box {box_id})");
            let nanoerg = rate.0;
            Report::new(
                &Published {
                    nft,
                    nanoerg,
                    box_id,
                },
                text,
            )
            .map(Some)
        }
        Some(DevnetCommand::Mine { blocks }) => {
            let height = mine(&env.global.nodes[0], blocks).await?;
            #[derive(Serialize)]
            struct Mined {
                height: u64,
            }
            let text = format!("mined; the height is {height}");
            Report::new(&Mined { height }, text).map(Some)
        }
        None => serve(env, args).await.map(|()| None),
    }
}

/// Runs until Ctrl-C.
async fn serve(env: &Env<'_>, args: DevnetArgs) -> Result<(), CliError> {
    let devnet = Devnet::start(DevnetConfig {
        port: args.port,
        block_time: block_time(&args.block_time)?,
        data_dir: args.data,
        ..DevnetConfig::default()
    })
    .await?;
    #[derive(Serialize)]
    struct Serving {
        url: String,
        height: u32,
    }
    let data = Serving {
        url: devnet.url(),
        height: devnet.height(),
    };
    let text = format!(
        "devnet at {} (height {}); Ctrl-C stops it",
        data.url, data.height
    );
    env.out.report(&Report::new(&data, text)?);
    env.out.note(&format!(
        "test ERG: `lets devnet fund KEY 10 --node {}`",
        data.url
    ));
    tokio::signal::ctrl_c().await.map_err(CliError::Runtime)?;
    Ok(devnet.close().await?)
}

fn block_time(text: &str) -> Result<BlockTime, CliError> {
    let fault = || {
        CliError::Arguments(format!(
            "{text:?} is no block time: write seconds like 2s, milliseconds like 500ms, instant, or manual"
        ))
    };
    let every = |number: &str, unit: fn(u64) -> Duration| {
        let number = number.parse().map_err(|_| fault())?;
        Ok(BlockTime::Every(unit(number)))
    };
    match text {
        "instant" => Ok(BlockTime::Instant),
        "manual" => Ok(BlockTime::Manual),
        _ => match (text.strip_suffix("ms"), text.strip_suffix('s')) {
            (Some(number), _) => every(number, Duration::from_millis),
            (None, Some(number)) => every(number, Duration::from_secs),
            (None, None) => Err(fault()),
        },
    }
}

/// Asks the devnet's faucet for ERG, for a key by name or for an address.
async fn fund_key(env: &Env<'_>, to: &str, erg: NanoErg) -> Result<Report, CliError> {
    let is_key = names::check(to).is_ok() && env.home.key(to).exists();
    let address = match is_key {
        // The devnet says which addresses it understands.
        true => {
            let network = env.session()?.network(env.global.network).await?;
            let key = Key::load(&env.home, to)?;
            key.file.address(network.prefix()).to_base58()
        }
        false => to.to_owned(),
    };
    let box_id = fund(&env.global.nodes[0], &address, erg).await?;
    #[derive(Serialize)]
    struct Funded {
        address: String,
        nanoerg: u64,
        box_id: String,
    }
    let text = format!("{to} has {erg} more (box {box_id})");
    let data = Funded {
        address,
        nanoerg: erg.0,
        box_id,
    };
    Report::new(&data, text)
}

/// Gives test ERG to an address; returns the box's id.
pub(super) async fn fund(url: &str, address: &str, erg: NanoErg) -> Result<String, CliError> {
    let body = json!({ "address": address, "value": erg.0 });
    let answer = post(url, "/devnet/fund", &body).await?;
    Ok(answer["boxId"].as_str().unwrap_or_default().to_owned())
}

/// Lets an oracle pool say a rate, a new one if none is named; returns its NFT and its box's id.
pub(super) async fn publish(
    url: &str,
    nft: Option<&str>,
    rate: NanoErg,
) -> Result<(String, String), CliError> {
    let body = match nft {
        Some(nft) => json!({ "nft": nft, "rate": rate.0 }),
        None => json!({ "rate": rate.0 }),
    };
    let answer = post(url, "/devnet/oracle", &body).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok((
        text(&answer["assets"][0]["tokenId"]),
        text(&answer["boxId"]),
    ))
}

/// Mines blocks now; returns the height.
pub(super) async fn mine(url: &str, blocks: u32) -> Result<u64, CliError> {
    let answer = post(url, "/devnet/mine", &json!({ "blocks": blocks })).await?;
    Ok(answer["height"].as_u64().unwrap_or_default())
}

/// These routes are the devnet's own, so the client of real nodes does not know them.
async fn post(url: &str, route: &str, body: &Value) -> Result<Value, CliError> {
    let url = url.trim_end_matches('/');
    let fault = |why: String| CliError::DevnetRequest {
        url: url.to_owned(),
        why,
    };
    let request = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .map_err(|e| fault(e.to_string()))?
        .post(format!("{url}{route}"))
        .json(body);
    let answer = request
        .send()
        .await
        .map_err(|e| fault(e.without_url().to_string()))?;
    let status = answer.status();
    if status == reqwest::StatusCode::NOT_FOUND {
        return Err(fault("it is no devnet: it has no such route".to_owned()));
    }
    let text = answer
        .text()
        .await
        .map_err(|e| fault(e.without_url().to_string()))?;
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    match status.is_success() {
        true => Ok(value),
        false => Err(fault(value["detail"].as_str().unwrap_or(&text).to_owned())),
    }
}
