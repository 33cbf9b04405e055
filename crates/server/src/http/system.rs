//! How the server itself is, for its operator: the audit log, keys, backups, the newest report, storage.
//! Nothing of it is about a patient, so looking leaves no entry.

use super::error::ApiResult;
use super::session::Client;
use crate::app::App;
use auth::Route;
use axum::Json;
use axum::extract::State;
use protocol::ErrorCode;
use protocol::system as wire;
use std::sync::Arc;
use store::Backend;
use visit::{Duration, Timestamp};

/// `GET /api/system`.
pub async fn look(
    State(app): State<Arc<App>>,
    client: Client,
) -> ApiResult<Json<wire::SystemState>> {
    client.staff(&app, Route::System).await?;
    let (store, operator, now) = (&app.core.store, &app.operator, app.clock.now());
    let surroundings = Arc::clone(&operator.surroundings);
    let around = tokio::task::spawn_blocking(move || surroundings.look()).await;
    let around = around.map_err(|_| ErrorCode::Internal)?;
    let (written, placed) = store.audit_counts().await?;
    let placed = placed.unwrap_or(0);
    let is_late = |at: Option<Timestamp>, most| at.is_none_or(|at| now.since(at) > most);
    let (newest, drill) = (around.backup, around.drill);
    Ok(Json(wire::SystemState {
        now,
        version: operator.version.to_owned(),
        started_at: operator.started_at,
        log: operator.log.shown(placed, written.saturating_sub(placed)),
        keys: keys(&app).await?,
        backup: wire::BackupState {
            late: is_late(
                newest.as_ref().map(|b| b.made_at),
                Duration::from_min(wire::MAX_BACKUP_AGE_H * 60),
            ),
            drill_late: is_late(
                drill.as_ref().map(|d| d.made_at),
                Duration::from_days(wire::MAX_DRILL_AGE_DAYS),
            ),
            newest,
            drill,
        },
        report: around.report,
        not_believed: around.not_believed,
        storage: wire::StorageState {
            database: match store.backend() {
                Backend::Sqlite => "sqlite",
                Backend::Postgres => "postgres",
            }
            .to_owned(),
            database_bytes: store.database_bytes().await?,
            free_bytes: around.free_bytes,
        },
    }))
}

async fn keys(app: &App) -> ApiResult<wire::KeysState> {
    let provider = app.core.store.key_provider().await;
    let mut counts = app.core.store.keys_by_version().await?;
    let oldest_in_use = counts.keys().next().copied();
    let current_version = provider.current_version;
    let to_rewrap = counts.iter().filter(|(v, _)| **v != current_version).map(|(_, n)| n).sum();
    for version in provider.versions {
        counts.entry(version).or_default();
    }
    let shown = |(version, data_keys)| wire::KeyVersion { version, data_keys };
    Ok(wire::KeysState {
        provider: provider.name.to_owned(),
        healthy: provider.trouble.is_none(),
        trouble: provider.trouble.map(str::to_owned),
        current_version,
        oldest_in_use,
        to_rewrap,
        versions: counts.into_iter().map(shown).collect(),
    })
}
