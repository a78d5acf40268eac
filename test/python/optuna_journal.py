"""What the real Optuna reads of a journal: {"file": path} on stdin, a list of its trials on stdout."""

import json
import logging
import sys

import optuna

optuna.logging.set_verbosity(logging.ERROR)

request = json.load(sys.stdin)
backend = optuna.storages.journal.JournalFileBackend(request["file"])
storage = optuna.storages.JournalStorage(backend)
(name,) = optuna.get_all_study_names(storage)
study = optuna.load_study(study_name=name, storage=storage)
trials = study.get_trials()
# As a dashboard does: one space that all trials with these parameters are drawn in.
space = optuna.search_space.intersection_search_space(trials)
completed = [trial for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE]
print(
    json.dumps(
        {
            "name": name,
            "direction": study.direction.name,
            "attributes": study.user_attrs,
            "best": study.best_trial.number if completed else None,
            "space": {key: repr(value) for key, value in space.items()},
            "trials": [
                {
                    "number": trial.number,
                    "state": trial.state.name,
                    "value": trial.value,
                    "params": trial.params,
                    "contained": all(
                        trial.distributions[key]._contains(trial.distributions[key].to_internal_repr(value))
                        for key, value in trial.params.items()
                    ),
                    "intermediate": sorted(trial.intermediate_values.items()),
                    "attributes": trial.user_attrs,
                    "seconds": trial.duration.total_seconds() if trial.duration is not None else None,
                }
                for trial in trials
            ],
        }
    )
)
