from __future__ import annotations

import pytest
import torch

from ser_core.recipes.recipe import OptimChoice
from ser_core.training.callbacks import EachEpoch, EarlyStopping, Report
from ser_core.training.checkpoint import Checkpoint, tensors_of
from ser_core.training.precision import available
from ser_core.training.trainer import Stop, make_optimizer


def weights(trainer):
    return {name: value.clone() for name, value in trainer.best.weights.items()}


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name


class KilledError(Exception):
    pass


def kill_after(epochs):
    def report(epoch, _metrics):
        if epoch == epochs:
            raise KilledError

    return EachEpoch(report)


def test_learns_what_is_easy(trainer):
    best = trainer(epochs=15, optim={"lr": 0.01}).run()
    assert best.score > 0.9


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(trainer):
    one, again, other = trainer(), trainer(), trainer(seed=1)
    for each in (one, again, other):
        each.run()
    assert_same(weights(one), weights(again))
    drop = [{k: v for k, v in epoch.items() if k != "seconds"} for epoch in one.history]
    assert drop == [{k: v for k, v in epoch.items() if k != "seconds"} for epoch in again.history]
    assert not torch.equal(weights(one)["network.fc.weight"], weights(other)["network.fc.weight"])


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"average": "ema", "mixup": 0.3},
        {"average": "swa"},
        {"optim": {"schedule": "plateau", "patience": 1}},
        {"optim": {"name": "sgd", "lr": 0.01}},
    ],
    ids=str,
)
def test_interrupted_after_any_epoch_it_ends_at_the_same_numbers(trainer, tmp_path, choices):
    whole = trainer(**choices)
    whole.run()
    for kill in (1, 3):
        folder = tmp_path / str(kill)
        checkpoint = Checkpoint(folder, "the same")
        with pytest.raises(KilledError):
            trainer([checkpoint, kill_after(kill)], **choices).run()
        resumed = trainer([checkpoint], **choices)
        resumed.run()
        assert resumed.best.epoch == whole.best.epoch
        assert_same(tensors_of(resumed), tensors_of(whole))


def test_a_checkpoint_of_another_training_is_refused(trainer, tmp_path):
    trainer([Checkpoint(tmp_path, "one")], epochs=1).run()
    with pytest.raises(Exception, match="of another training"):
        trainer([Checkpoint(tmp_path, "two")], epochs=1).run()


def test_a_damaged_checkpoint_is_reported(trainer, tmp_path):
    trainer([Checkpoint(tmp_path, "one")], epochs=1).run()
    next(tmp_path.glob("*.safetensors")).write_bytes(b"short")
    with pytest.raises(Exception, match="the checkpoint is damaged"):
        trainer([Checkpoint(tmp_path, "one")], epochs=1).run()


def test_a_checkpoint_keeps_one_epoch_alone(trainer, tmp_path):
    trainer([Checkpoint(tmp_path, "one")], epochs=3).run()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-3.safetensors", "state.json"]


def test_the_best_epoch_is_the_one_that_validation_chose(trainer):
    trained = trainer(epochs=6)
    best = trained.run()
    scores = [epoch["val_uar"] for epoch in trained.history]
    assert best.score == max(scores)
    assert scores[best.epoch - 1] == max(scores)


def test_by_loss_the_best_epoch_has_the_lowest(trainer):
    trained = trainer(epochs=6, select="loss")
    best = trained.run()
    losses = [epoch["val_loss"] for epoch in trained.history]
    assert losses[best.epoch - 1] == min(losses)


def test_the_last_epoch_can_be_selected_whatever_its_score(trainer):
    trained = trainer(epochs=4, select="last")
    assert trained.run().epoch == 4


def test_best_weights_give_the_probabilities_that_were_evaluated(trainer):
    trained = trainer(epochs=5)
    best = trained.run()
    trained.model.load_state_dict(best.weights)
    probabilities = trained.probabilities(trained.validation, trained.model)
    right = probabilities.argmax(-1) == trained.data.targets[trained.validation]
    assert float(right.double().mean()) == pytest.approx(trained.history[best.epoch - 1]["val_wa"])


def test_early_stopping_ends_it(trainer):
    trained = trainer([EarlyStopping(1)], epochs=50, optim={"lr": 1e-7})
    trained.run()
    assert trained.epoch < 50


def test_a_callback_can_stop(trainer):
    def stop(epoch, _metrics):
        raise Stop

    trained = trainer([EachEpoch(stop)])
    trained.run()
    assert trained.epoch == 1


def test_progress_counts_every_step(trainer):
    told = []
    trainer([Report(lambda *step: told.append(step), every=0)], epochs=2).run()
    assert told[0] == (0, 8)
    assert told[-1] == (8, 8)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_weights_decay_but_biases_and_scales_do_not(trainer):
    model = trainer().model
    decayed, free = make_optimizer([(1.0, model)], OptimChoice(weight_decay=0.1)).param_groups
    assert {p.ndim for p in decayed["params"]} == {2, 4}
    assert {p.ndim for p in free["params"]} == {1}
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
def test_the_fused_optimiser_does_what_the_plain_one_does(trainer, name):
    plain, fused = (trainer(epochs=2, optim={"name": name, "lr": 0.01}) for _ in range(2))
    for group in plain.optimizer.param_groups:
        group["fused"] = False
    plain.run()
    fused.run()
    for name, weight in plain.model.state_dict().items():
        torch.testing.assert_close(fused.model.state_dict()[name], weight, rtol=1e-3, atol=1e-4)


def test_the_learning_rate_follows_its_course(trainer):
    trained = trainer(epochs=10, optim={"lr": 0.01, "schedule": "cosine", "warmup": 0.5})
    rates = [trained._lr(step) for step in range(40)]
    assert max(rates) == pytest.approx(0.01)
    assert rates.index(max(rates)) == 19
    assert rates[-1] == pytest.approx(0, abs=1e-12)


def test_an_exponential_mean_lags_behind(trainer):
    trained = trainer(average="ema", epochs=2)
    trained.run()
    mean, last = trained.average.fc.weight, trained.model.network.fc.weight
    assert not torch.equal(mean, last)
    assert trained.evaluated_model.network is trained.average
    assert trained.evaluated_model.normaliser is trained.model.normaliser


def test_swa_is_the_plain_mean_of_the_last_quarter(trainer):
    seen = []
    trained = trainer(average="swa", epochs=4)
    step = trained._update_average

    def watch():
        step()
        if trained.epoch >= 3:
            seen.append(trained.model.network.fc.weight.detach().clone())

    trained._update_average = watch
    trained.run()
    torch.testing.assert_close(trained.average.fc.weight, torch.stack(seen).mean(0))


def test_class_weights_are_one_on_average_over_clips(trainer):
    trained = trainer(class_weights=True)
    targets = trained.data.targets[trained.training]
    assert trained.class_weights[targets].mean() == pytest.approx(1)


def test_every_precision_of_this_machine_learns(trainer):
    for precision in available(torch.device("cpu")):
        trained = trainer(epochs=15, optim={"lr": 0.01})
        trained.precision = precision
        assert trained.run().score > 0.9
