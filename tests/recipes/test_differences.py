"""What differs between recipes."""

from ser_core.recipes.differences import differences

ONE = {"name": "one", "corpus": "a", "optim": {"lr": 0.002}, "network": {"name": "resnet18"}}


def test_settings_that_differ_stand_side_by_side_with_defaults_filled_in():
    other = {**ONE, "name": "other", "train": {"epochs": 3}, "augment": {"speeds": [0.9, 1.1]}}
    assert differences({"one": ONE, "other": other}) == [
        {"setting": "train.epochs", "one": "20", "other": "3"},
        {"setting": "augment.speeds", "one": "[]", "other": "[0.9, 1.1]"},
    ]


def test_what_is_written_as_its_default_does_not_differ_and_a_name_is_no_setting():
    assert differences({"one": ONE, "same": {"name": "same", "corpus": "a"}}) == []


def test_a_default_of_another_network_is_not_guessed():
    vgg = {"corpus": "a", "network": {"name": "vgg16"}}
    wide = {"corpus": "a", "network": {"name": "resnet18", "width": 128}}
    rows = {row["setting"]: row for row in differences({"vgg": vgg, "wide": wide})}
    assert rows["network.width"] == {"setting": "network.width", "vgg": "–", "wide": "128"}
    assert rows["network.name"]["vgg"] == "vgg16"
